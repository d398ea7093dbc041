package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completionScripts have each shell ask "framegate complete" for what the last
// word of a line may become. Where that has nothing to say they offer files.
var completionScripts = map[string]string{
	"bash": `_framegate() { COMPREPLY=($("$1" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)); }
complete -o default -F _framegate framegate
`,
	"zsh": `#compdef framegate
_framegate() {
	local -a found
	found=(${(f)"$("$words[1]" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
	if (( $#found )); then compadd -- $found; else _files; fi
}
compdef _framegate framegate
`,
	"fish": `function __framegate_complete
	set -l words (commandline -opc) (commandline -ct)
	set -l found ($words[1] complete -- $words[2..-1] 2>/dev/null)
	if set -q found[1]
		printf '%s\n' $found
	else
		__fish_complete_path (commandline -ct)
	end
end
complete -c framegate -f -a '(__framegate_complete)'
`,
}

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints the script.
func (c *completionCommand) Run(env *environment) error {
	_, err := fmt.Fprint(env.stdout, completionScripts[c.Shell])
	return err
}

type completeCommand struct {
	Words []string `arg:"" optional:"" passthrough:""`
}

// Run prints what the last of the words may become.
func (c *completeCommand) Run(env *environment, parser *kong.Kong) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	if len(words) == 0 {
		words = []string{""}
	}
	for _, candidate := range candidates(parser.Model.Node, words) {
		fmt.Fprintln(env.stdout, candidate)
	}
	return nil
}

// candidates gives what may stand in place of the last word, which may be
// empty or begun.
func candidates(node *kong.Node, words []string) (found []string) {
	before, last := words[:len(words)-1], words[len(words)-1]
	for i := 0; i < len(before); i++ {
		if flag := flagOf(node, before[i]); flag != nil {
			if i++; i == len(before) {
				return nil // the flag's value
			}
			continue
		}
		if child := childOf(node, before[i]); child != nil {
			node = child
		}
	}
	for _, word := range wordsOf(node, strings.HasPrefix(last, "-")) {
		if strings.HasPrefix(word, last) {
			found = append(found, word)
		}
	}
	return found
}

// flagOf gives the flag that a word is and whose value the next word will be.
func flagOf(node *kong.Node, word string) *kong.Flag {
	for _, flag := range flagsOf(node) {
		if word == "--"+flag.Name && !flag.IsBool() {
			return flag
		}
	}
	return nil
}

func childOf(node *kong.Node, word string) *kong.Node {
	i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == word })
	if i < 0 {
		return nil
	}
	return node.Children[i]
}

// flagsOf gives the flags that may stand behind a command.
func flagsOf(node *kong.Node) (flags []*kong.Flag) {
	for _, group := range node.AllFlags(true) {
		flags = append(flags, group...)
	}
	if node.DefaultCmd != nil {
		flags = append(flags, node.DefaultCmd.Flags...)
	}
	return flags
}

// wordsOf gives the flags, or else the commands and the words for arguments,
// that may come next.
func wordsOf(node *kong.Node, flags bool) (words []string) {
	if flags {
		for _, flag := range flagsOf(node) {
			words = append(words, "--"+flag.Name)
		}
		return words
	}
	for _, child := range node.Children {
		if !child.Hidden {
			words = append(words, child.Name)
		}
	}
	for _, positional := range node.Positional {
		if positional.Enum != "" {
			words = append(words, positional.EnumSlice()...)
		}
	}
	return words
}
