package relay

import (
	"context"
	"errors"
	"slices"
	"testing"

	"framegate/gateway/stream"
)

// TestTreeKnowsTheNewestWay by which a stream comes, in whatever order those before end:
// what is below ends once with each, and with no other.
func TestTreeKnowsTheNewestWay(t *testing.T) {
	tree, key := &Tree{}, stream.Key{Camera: "front"}
	comes := func(path ...string) (gone func()) {
		t.Helper()
		gone, err := tree.comes(key, path, "self")
		if err != nil {
			t.Fatal(err)
		}
		return gone
	}
	enter := func(want ...string) context.Context {
		t.Helper()
		ctx, leave, path, err := tree.Enter(t.Context(), Ask{Key: key, Node: "below"}, "self", false)
		if err != nil || !slices.Equal(path, want) {
			t.Fatalf("it comes by %v, %v; want %v", path, err, want)
		}
		t.Cleanup(leave)
		return ctx
	}
	first := comes("a")
	old := enter("a", "self")
	second := comes("b", "c")
	if old.Err() == nil {
		t.Error("what is below knows another way")
	}
	first()
	if now := enter("b", "c", "self"); now.Err() != nil {
		t.Error("the end of the old way ended the new one")
	}
	third := comes("d")
	third()
	second() // of which nothing is left
	if _, _, _, err := tree.Enter(t.Context(), Ask{Key: key, Node: "below"}, "self", false); !errors.Is(err, ErrElsewhere) {
		t.Errorf("it still comes: %v", err)
	}
}
