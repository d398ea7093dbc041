package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxProblems is how many mistakes one error lists. A file that is not a
// configuration at all would otherwise give thousands.
const maxProblems = 20

// place says where a value was given: in a file or in a variable. The zero
// place belongs to what nobody gave.
type place struct {
	file         string
	line, column int    // from 1; 0 is the file as a whole
	variable     string // set instead of file
	flag         string // of the command line, set instead of file
	app          bool   // in the app, set instead of file
}

func (p place) given() bool { return p != place{} }

// problem is one mistake.
type problem struct {
	at   place
	path string // the key, such as cameras.front.source; may be empty
	text string // what is wrong and what to do instead
}

func (p problem) String() string {
	switch {
	case p.at.variable != "":
		return p.at.variable + ": " + p.text
	case p.at.app:
		return "given in the app: " + p.path + ": " + p.text
	case p.at.line == 0:
		return p.at.file + ": " + p.text
	case p.path == "":
		return fmt.Sprintf("%s:%d:%d: %s", p.at.file, p.at.line, p.at.column, p.text)
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", p.at.file, p.at.line, p.at.column, p.path, p.text)
}

// problems is an error of one or more mistakes, one to a line.
type problems []problem

func (ps problems) Error() string {
	var lines []string
	for _, p := range ps[:min(len(ps), maxProblems)] {
		lines = append(lines, p.String())
	}
	if more := len(ps) - maxProblems; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n")
}

// sorted gives the problems of the file in its order, then those of the
// environment.
func (ps problems) sorted() problems {
	return slices.SortedStableFunc(slices.Values(ps), func(a, b problem) int {
		return cmp.Or(
			cmp.Compare(a.at.variable, b.at.variable),
			cmp.Compare(a.at.line, b.at.line),
			cmp.Compare(a.at.column, b.at.column),
		)
	})
}

// suggestion gives a "did you mean" for a name that is close to one of the
// known ones, and otherwise lists those.
func suggestion(name string, known []string) string {
	slices.Sort(known)
	best, bestDistance := "", 1+min(2, len(name)/2)
	for _, k := range known {
		if d := distance(name, k); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "known here: " + strings.Join(known, ", ")
}

// distance counts the letters to insert, delete or replace to get from a to b
// (Levenshtein). Names that differ in length by more than 3 are far apart,
// without counting: a key in a file may be very long.
func distance(a, b string) int {
	if diff := len(a) - len(b); diff > 3 || diff < -3 {
		return len(a) + len(b)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
