package plainyaml

import "github.com/goccy/go-yaml/ast"

// shorthand is what anchors of a document stand for. Nodes are shared, so that a
// document of aliases of aliases takes no memory; who walks it would take for ever.
type shorthand struct {
	anchors map[string]*Node
	sizes   map[*Node]int // how many nodes each is, written out
	merged  int           // entries that merge keys stood for
}

// node gives the node of an anchor or an alias, nil for what is neither.
func (s *shorthand) node(b builder, n ast.Node) *Node {
	switch n := n.(type) {
	case *ast.AnchorNode:
		node := b.node(n.Value)
		s.anchors[n.Name.GetToken().Value] = node
		return node
	case *ast.AliasNode:
		if node, known := s.anchors[n.Value.GetToken().Value]; known {
			return node
		}
		return refused(n, "is an alias of what is not there, or of what it is in")
	}
	return nil
}

// merge adds the entries of mappings, and of the mappings of lists, whose keys are not
// there yet. What goes beyond the bound is left out, and told by tooMuch.
func (s *shorthand) merge(into *Node, merged []*Node) {
	there := make(map[string]bool)
	for _, entry := range into.Entries {
		there[entry.Key.Text] = true
	}
	for _, from := range merged {
		for _, mapping := range append([]*Node{from}, from.Items...) {
			for _, entry := range mapping.Entries {
				if s.merged++; s.merged > maxTokens {
					return
				}
				if !there[entry.Key.Text] {
					there[entry.Key.Text] = true
					into.Entries = append(into.Entries, entry)
				}
			}
		}
	}
}

// tooMuch says that a document with its aliases written out has more than a document
// may have without them.
func (s *shorthand) tooMuch(root *Node) bool {
	s.sizes = make(map[*Node]int)
	return root != nil && (s.merged > maxTokens || s.size(root) > maxTokens)
}

// size gives the number of nodes, at most a few times the bound.
func (s *shorthand) size(n *Node) int {
	if size, known := s.sizes[n]; known {
		return size
	}
	size := 1
	for _, item := range n.Items {
		size = min(size+s.size(item), maxTokens+1)
	}
	for _, entry := range n.Entries {
		size = min(size+1+s.size(entry.Value), maxTokens+1)
	}
	s.sizes[n] = size
	return size
}
