package plainyaml

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Kind says what a Node is.
type Kind uint8

// The kinds of nodes.
const (
	Nothing Kind = iota // no value, or null
	Text
	List
	Mapping
	Refused // what plain YAML has not
)

// Node is a value. That of a mapping without braces begins with its first key.
type Node struct {
	Place
	Kind    Kind
	Text    string // of Text, as it was written but for quotes; of Refused what to do instead
	Comment string // what stands behind a # on the line of a Text, or of the key of Nothing; "" for none
	Items   []*Node
	Entries []Entry // in their order; keys may come twice
}

// Entry is a key of a mapping, and what it has. The key is a Text, or Refused.
type Entry struct{ Key, Value *Node }

// Get gives the value of a key, nil where it is not there. Of a key that comes twice
// it is the first.
func (n *Node) Get(key string) *Node {
	for _, entry := range n.Entries {
		if entry.Key.Text == key && entry.Key.Kind == Text {
			return entry.Value
		}
	}
	return nil
}

// builder makes nodes of a syntax tree. Without shorthand it marks anchors, aliases
// and merge keys as refused.
type builder struct {
	shorthand *shorthand
}

// node gives the node of a syntax tree.
func (b builder) node(n ast.Node) *Node {
	if m, ok := n.(ast.MapNode); ok {
		return b.mapping(m, n.GetToken())
	}
	if b.shorthand != nil {
		if node := b.shorthand.node(b, n); node != nil {
			return node
		}
	}
	switch n := n.(type) {
	case *ast.SequenceNode:
		list := &Node{Place: placeOf(n.GetToken()), Kind: List}
		for _, item := range n.Values {
			list.Items = append(list.Items, b.node(item))
		}
		return list
	case *ast.NullNode:
		return &Node{Place: placeOf(n.GetToken())}
	case *ast.AnchorNode:
		return refused(n, "anchors (&) are not supported; write the value out, or into quotes if it begins with &")
	case *ast.AliasNode:
		return refused(n, "aliases (*) are not supported; write the value out, or into quotes if it begins with *")
	case *ast.TagNode:
		return refused(n, "tags (!) are not supported; remove it, or put the value into quotes if it begins with !")
	}
	return textOf(n)
}

func refused(n ast.Node, instead string) *Node {
	return &Node{Place: placeOf(n.GetToken()), Kind: Refused, Text: instead}
}

// textOf gives the node of a scalar.
func textOf(n ast.Node) *Node {
	if n == nil {
		return &Node{}
	}
	node := &Node{Place: placeOf(n.GetToken()), Kind: Text, Text: n.GetToken().Value, Comment: commentBehind(n.GetToken())}
	switch n := n.(type) {
	case *ast.LiteralNode:
		node.Text = strings.TrimSuffix(n.Value.Value, "\n")
	case *ast.StringNode:
		node.Text = n.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
	default:
		return refused(n, "is not plain YAML; put the value into quotes")
	}
	return node
}

// mapping gives the node of a mapping, and of the token that stands for it.
func (b builder) mapping(m ast.MapNode, t *token.Token) *Node {
	mapping := &Node{Place: placeOf(t), Kind: Mapping}
	var merged []*Node
	for entries := m.MapRange(); entries.Next(); {
		key, value := keyOf(entries.Key()), b.node(entries.Value())
		if _, merges := entries.Key().(*ast.MergeKeyNode); merges && b.shorthand != nil {
			merged = append(merged, value)
			continue
		}
		if value.Kind == Nothing {
			value.Comment = commentBehind(entries.Key().GetToken().Next) // which is the colon
		}
		mapping.Entries = append(mapping.Entries, Entry{key, value})
	}
	// The token of a mapping without braces is a colon, behind its first key.
	if len(mapping.Entries) > 0 && t.Type != token.MappingStartType {
		mapping.Place = mapping.Entries[0].Key.Place
	}
	if merged != nil {
		b.shorthand.merge(mapping, merged)
	}
	return mapping
}

// keyOf gives the node of a key.
func keyOf(n ast.Node) *Node {
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return &Node{Place: placeOf(n.GetToken()), Kind: Text, Text: n.GetToken().Value}
	}
	return refused(n, "is not a plain key; write key: value, without anchors, merge keys (<<) and question marks")
}

// commentBehind gives the text of a comment on the line of a token.
func commentBehind(t *token.Token) string {
	if t == nil || t.Next == nil || t.Next.Type != token.CommentType || t.Next.Position.Line != t.Position.Line {
		return ""
	}
	return t.Next.Value
}
