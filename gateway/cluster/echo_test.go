package cluster

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
)

// TestClockKeepsTheBestEcho, which grows old, and forgets what a clock that was set has shown to be wrong.
func TestClockKeepsTheBestEcho(t *testing.T) {
	began := time.Now()
	var c clock
	expect := func(what string, at time.Duration, ahead, doubt time.Duration) {
		t.Helper()
		gotAhead, gotDoubt, known := c.ahead(began.Add(at))
		if !known || gotAhead != ahead || gotDoubt != doubt {
			t.Errorf("%s: %v ahead, %v doubt, %v", what, gotAhead, gotDoubt, known)
		}
	}
	if _, _, known := c.ahead(began); known {
		t.Error("a clock is known that was never asked")
	}
	c.note(sample{ahead: 3 * time.Second, trip: 40 * time.Millisecond, at: began})
	expect("one echo", 0, 3*time.Second, 20*time.Millisecond)
	c.note(sample{ahead: 2990 * time.Millisecond, trip: 2 * time.Millisecond, at: began.Add(time.Second)})
	expect("a faster one", time.Second, 2990*time.Millisecond, time.Millisecond)
	c.note(sample{ahead: 3005 * time.Millisecond, trip: 60 * time.Millisecond, at: began.Add(2 * time.Second)})
	expect("a slow one", 2*time.Second, 2990*time.Millisecond, 1100*time.Microsecond)
	expect("which grows old", 101*time.Second, 2990*time.Millisecond, 11*time.Millisecond)
	for i := range clockKept {
		c.note(sample{ahead: 3 * time.Second, trip: 30 * time.Millisecond, at: began.Add(time.Duration(i+3) * time.Second)})
	}
	expect("the best is forgotten", 10*time.Second, 3*time.Second, 15*time.Millisecond)
	c.note(sample{ahead: -time.Second, trip: 80 * time.Millisecond, at: began.Add(20 * time.Second)})
	expect("a clock that was set", 20*time.Second, -time.Second, 40*time.Millisecond)
}

// TestNodesMeasureTheirClocks, of which one is 3 s ahead, by a real bus.
func TestNodesMeasureTheirClocks(t *testing.T) {
	t.Parallel()
	ids := identities(t, "a", "b")
	a := startWith(t, ids[0], nil, func(o *Options) { o.Now = func() time.Time { return time.Now().Add(3 * time.Second) } })
	b := start(t, ids[1], []string{a.Address()})
	for of, by := range map[string]*node{"a": b, "b": a} {
		want := 3 * time.Second
		if of == "b" {
			want = -want
		}
		await(t, "the clock of "+of+" is measured", func() bool { _, _, known := by.Ahead(of); return known })
		ahead, doubt, _ := by.Ahead(of)
		if (ahead-want).Abs() > doubt+time.Millisecond || doubt > time.Second {
			t.Errorf("%s is %v ahead, by %v more or less", of, ahead, doubt)
		}
		for _, m := range by.Status().Members {
			if m.Node == of && (m.Clock != ahead && (m.Clock-want).Abs() > m.Doubt+time.Millisecond || m.Doubt == 0) {
				t.Errorf("of %s is said that it is %v ahead, by %v more or less", of, m.Clock, m.Doubt)
			}
		}
	}
	a.end()
	await(t, "a dead node has no clock", func() bool { _, _, known := b.Ahead("a"); return !known })
}

// askers are two nodes without a bus, of which the test brings what each says to the other.
type askers struct {
	*testing.T
	now  time.Time
	a, b *echoes
	said map[string][]byte // to a node, the last
	ids  []*Identity
}

func newAskers(t *testing.T) *askers {
	s := &askers{T: t, now: time.Now(), said: make(map[string][]byte), ids: identities(t, "a", "b", "c")}
	tell := func(node string, message []byte) { s.said[node] = message }
	s.a = newEchoes(s.ids[0], newOpener(s.ids[0]), func() time.Time { return s.now }, tell)
	s.b = newEchoes(s.ids[1], newOpener(s.ids[1]), func() time.Time { return s.now.Add(time.Hour) }, tell)
	return s
}

// brings a message to a node, which takes so long.
func (s *askers) brings(to string, e *echoes, after time.Duration) error {
	message := s.said[to]
	if message == nil {
		s.Fatalf("nothing was said to %s", to)
	}
	delete(s.said, to)
	s.now = s.now.Add(after)
	_, err := e.hear(message)
	return err
}

// says has a node say an echo that is not true.
func (s *askers) says(i int, said echo) []byte {
	text, err := json.Marshal(said)
	if err != nil {
		s.Fatal(err)
	}
	return s.ids[i].sign(echoSigned, text)
}

func TestEchoTellsTheClock(t *testing.T) {
	s := newAskers(t)
	s.a.ask([]string{"b"})
	if err := errors.Join(s.brings("b", s.b, 3*time.Millisecond), s.brings("a", s.a, 5*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	ahead, doubt, known := s.a.ahead("b")
	if !known || ahead != time.Hour-time.Millisecond || doubt != 4*time.Millisecond {
		t.Errorf("%v ahead, %v doubt, %v", ahead, doubt, known)
	}
	for range echoFirst - 1 {
		s.a.ask([]string{"b"})
	}
	delete(s.said, "b")
	if s.a.ask([]string{"b"}); s.said["b"] != nil {
		t.Error("it is asked before its time")
	}
	s.now = s.now.Add(echoEvery)
	if s.a.ask([]string{"b"}); s.said["b"] == nil {
		t.Error("it is not asked again")
	}
	if s.a.ask(nil); len(s.a.nodes) > 0 {
		t.Error("who is gone is remembered")
	}
}

// TestLiesOfClocksAreRefused: another's name, an answer that was not asked for, and times that cannot be.
func TestLiesOfClocksAreRefused(t *testing.T) {
	s := newAskers(t)
	s.a.ask([]string{"b"})
	number := s.a.nodes["b"].number
	now := s.now.UnixMicro()
	for name, lie := range map[string]struct {
		by   int
		said echo
		want error
	}{
		"another's name":      {2, echo{Node: "b", To: "a", Number: number, Came: now, Said: now}, errName},
		"for another":         {1, echo{Node: "b", To: "c", Number: number, Came: now, Said: now}, errName},
		"of another question": {1, echo{Node: "b", To: "a", Number: number + 1, Came: now, Said: now}, nil},
		"of another node":     {2, echo{Node: "c", To: "a", Number: number, Came: now, Said: now}, nil},
		"backwards":           {1, echo{Node: "b", To: "a", Number: number, Came: now, Said: now - 1}, errBroken},
		"held for long":       {1, echo{Node: "b", To: "a", Number: number, Came: now, Said: now + maxHeld.Microseconds() + 1}, errBroken},
		"before 1970":         {1, echo{Node: "b", To: "a", Number: number, Came: -1, Said: now}, errBroken},
		"at the end of time":  {1, echo{Node: "b", To: "a", Number: number, Came: maxAt * 1000, Said: maxAt*1000 + 1}, errBroken},
	} {
		if _, err := s.a.hear(s.says(lie.by, lie.said)); !errors.Is(err, lie.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, known := s.a.ahead("b"); known {
			t.Fatalf("%s is believed", name)
		}
	}
	if _, err := s.a.hear(s.says(1, echo{Node: "b", To: "a", Number: number, Came: 1, Said: 1})); !errors.Is(err, errBroken) {
		t.Errorf("a clock that is 50 years behind: %v", err)
	}
	if _, _, known := s.a.ahead("b"); known {
		t.Error("a clock that is 50 years behind is believed")
	}
	beat, err := s.ids[1].seal(Beat{Node: "b", Incarnation: 1, Sequence: 1, Relay: "x:1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.a.hear(beat); !errors.Is(err, errStranger) {
		t.Errorf("a beat in place of an echo: %v", err)
	}
}

// TestQuestionsBeyondAllNodesAreLeft unanswered, since each answer is signed.
func TestQuestionsBeyondAllNodesAreLeft(t *testing.T) {
	s := newAskers(t)
	answers := 0
	question := s.says(0, echo{Node: "a", To: "b", Number: 1})
	for range 2 * echoBurst {
		if _, err := s.b.hear(question); err != nil {
			t.Fatal(err)
		}
		if s.said["a"] != nil {
			answers++
			delete(s.said, "a")
		}
	}
	if answers != echoBurst {
		t.Errorf("%d of %d are answered", answers, 2*echoBurst)
	}
}

// FuzzEcho has anything heard that somebody may sign.
func FuzzEcho(f *testing.F) {
	f.Add([]byte(`{"node":"b","to":"a","number":1,"came":5,"said":6}`))
	f.Add([]byte(`{"node":"b","to":"a","number":1}`))
	authority, err := MakeAuthority(f.TempDir(), "yard")
	if err != nil {
		f.Fatal(err)
	}
	var ids []*Identity
	for _, name := range []string{"a", "b"} {
		token, err := authority.Token(name)
		if err != nil {
			f.Fatal(err)
		}
		id, err := Join(f.TempDir(), token)
		if err != nil {
			f.Fatal(err)
		}
		ids = append(ids, id)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e := newEchoes(ids[0], newOpener(ids[0]), time.Now, func(string, []byte) {})
		e.nodes["b"] = &echoed{number: 1, asked: time.Now(), waiting: true}
		_, _ = e.hear(ids[1].sign(echoSigned, text))
		_, _ = e.hear(text)
		if ahead, doubt, known := e.ahead("b"); known && (ahead.Abs() > maxAhead || doubt < 0) {
			t.Errorf("a clock that is %v ahead, by %v more or less", ahead, doubt)
		}
	})
}

// TestWhoWasShutOutHearsNoTime, nor is its own believed.
func TestWhoWasShutOutHearsNoTime(t *testing.T) {
	y := newYard(t, "a", "b")
	a, b := y.identity(t, "a"), y.identity(t, "b")
	said := 0
	e := newEchoes(a, newOpener(a), time.Now, func(string, []byte) { said++ })
	question := b.sign(echoSigned, []byte(`{"node":"b","to":"a","number":1}`))
	if _, err := e.hear(question); err != nil || said != 1 {
		t.Fatalf("a node of the cluster is answered %d times: %v", said, err)
	}
	if _, err := a.Adopt(y.revoke(t, "b")); err != nil {
		t.Fatal(err)
	}
	if _, err := e.hear(question); !errors.Is(err, errVoid) || said != 1 {
		t.Errorf("who was shut out is answered %d times: %v", said, err)
	}
}
