package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// calling has a node note who calls it, and what is said.
type calling struct {
	mu    sync.Mutex // guards heard
	heard []string
}

func (c *calling) hear(o *Options) {
	o.Called = func(node string, text []byte) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.heard = append(c.heard, node+": "+string(text))
	}
}

func (c *calling) all() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.heard, ", ")
}

// say has a node call another, until that is known not to hear it or heard it.
func say(t *testing.T, from *node, to, text string, heard func() bool) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	said := make(chan error, 1)
	go func() { said <- from.Call(ctx, to, []byte(text)) }() // ends with ctx
	defer cancel()
	var err error
	await(t, text+" is heard, or never will be", func() bool {
		select {
		case err = <-said:
			return true
		default:
			return heard()
		}
	})
	return err
}

// TestCallsByTheBus reach one node, and by a NATS that allows no more than it must, where
// messages by lines do, too.
func TestCallsByTheBus(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"own", "outside"} {
		t.Run(kind, func(t *testing.T) {
			ids := identities(t, "a", "b", "c")
			var p telephone
			var atB, atC calling
			var a, b, c *node
			if kind == "own" {
				a = startWith(t, ids[0], nil, func(o *Options) { o.Called = func(string, []byte) {} })
				b = startWith(t, ids[1], []string{a.Address()}, atB.hear)
				c = startWith(t, ids[2], []string{a.Address()}, atC.hear)
			} else {
				_, by := natsOf(t, t.TempDir(), 0, sparingFor(ids[0]))
				a, b, c = p.at(t, ids[0], by, nil), p.at(t, ids[1], by, atB.hear), p.at(t, ids[2], by, atC.hear)
			}
			await(t, "all hear each other", func() bool { return len(a.Others())+len(b.Others())+len(c.Others()) == 6 })
			if err := say(t, a, "b", "hello", func() bool { return atB.all() == "a: hello" }); err != nil || atC.all() != "" {
				t.Errorf("a calls b: %v, and c hears %q", err, atC.all())
			}
			var came atomic.Int64
			to, err := b.OpenLine(func(m []byte) {
				if string(m) == "picture" {
					came.Add(1)
				}
			}, func() {})
			if err != nil {
				t.Fatal(err)
			}
			defer to.Close()
			from, err := a.OpenLine(func([]byte) {}, func() {})
			if err != nil {
				t.Fatal(err)
			}
			defer from.Close()
			await(t, "what a sends comes", func() bool { // once a's bus knows that b hears it
				return from.Send("b", []byte("picture")) == nil && came.Load() > 0
			})
			c.end()
			await(t, "a calls c, which is gone, and knows it", func() bool {
				ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond) // what went before it was gone is lost
				defer cancel()
				err := a.Call(ctx, "c", []byte("anybody?"))
				return err != nil && strings.Contains(err.Error(), "not at the bus")
			})
			if err := say(t, a, "x", "anybody?", func() bool { return false }); err == nil {
				t.Error("a calls who never was")
			}
		})
	}
}

// TestCallsThatAreNotHeard: again, of or for another life, for another, by another, and of who
// was shut out.
func TestCallsThatAreNotHeard(t *testing.T) {
	t.Parallel()
	ids := identities(t, "a", "b", "c")
	a := startWith(t, ids[0], nil, func(o *Options) { o.Called = func(string, []byte) {} })
	b := start(t, ids[1], []string{a.Address()})
	await(t, "a hears b", func() bool { return len(a.Others()) == 1 })
	good := called{Node: "b", To: "a", Life: b.options.Life, ToLife: a.options.Life, Number: 100, Text: []byte("hello")}
	open := func(by *Identity, change func(*called)) error {
		c := good
		change(&c)
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = a.openCall(by.sign(callSigned, text))
		return err
	}
	stranger := identities(t, "b")[0]
	for _, row := range []struct {
		name   string
		by     *Identity
		change func(*called)
		want   error
	}{
		{"as it is to be", ids[1], func(*called) {}, nil},
		{"again", ids[1], func(*called) {}, errOld},
		{"a later one", ids[1], func(c *called) { c.Number = 130 }, nil},
		{"an earlier one that was late", ids[1], func(c *called) { c.Number = 90 }, nil},
		{"that again", ids[1], func(c *called) { c.Number = 90 }, errOld},
		{"one that is too late", ids[1], func(c *called) { c.Number = 60 }, errOld},
		{"of another life", ids[1], func(c *called) { c.Life++; c.Number = 200 }, errOld},
		{"for another life", ids[1], func(c *called) { c.ToLife--; c.Number = 201 }, errOld},
		{"for another node", ids[1], func(c *called) { c.To = "c"; c.Number = 202 }, errName},
		{"in another's name", ids[2], func(c *called) { c.Number = 203 }, errName},
		{"of who never spoke", ids[2], func(c *called) { c.Node = "c"; c.Number = 204 }, errOld},
		{"of another cluster", stranger, func(c *called) { c.Number = 205 }, errStranger},
		{"far later", ids[1], func(c *called) { c.Number = 1 << 63 }, nil},
	} {
		if err := open(row.by, row.change); !errors.Is(err, row.want) || row.want == nil && err != nil {
			t.Errorf("a call %s: %v, want %v", row.name, err, row.want)
		}
	}
	if _, _, err := a.openCall(ids[1].sign(callSigned, make([]byte, maxCall))); !errors.Is(err, errTooLarge) {
		t.Errorf("a long one: %v", err)
	}
	if _, _, err := a.openCall(ids[1].sign(echoSigned, []byte("{}"))); !errors.Is(err, errStranger) {
		t.Errorf("what was signed as something else: %v", err)
	}
}
