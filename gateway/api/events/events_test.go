package events

import (
	"strconv"
	"sync"
	"testing"
)

// A listener that does not read loses the oldest and hears so; nobody waits for
// it.
func TestASlowListenerLosesTheOldest(t *testing.T) {
	ls := NewListeners()
	l, leave, limit := ls.Listen("user:anna", "192.0.2.1")
	if limit != "" {
		t.Fatal(limit)
	}
	for i := range queueLength + 10 {
		ls.Tell(Event{Kind: CameraOnline, Lost: i})
	}
	all, lost := l.Take()
	if len(all) != queueLength || lost != 10 || all[0].Lost != 10 || all[queueLength-1].Lost != queueLength+9 {
		t.Errorf("%d events, %d lost, first %+v", len(all), lost, all[0])
	}
	if again, lost := l.Take(); again != nil || lost != 0 {
		t.Errorf("again %v, %d", again, lost)
	}
	ls.Tell(Event{Kind: CameraIdle})
	if all[0].Kind != CameraOnline || len(l.Wake()) != 1 {
		t.Error("what was taken has changed, or nothing wakes")
	}
	leave()
	l.Take()
	ls.Tell(Event{Kind: CameraOnline})
	if all, _ := l.Take(); all != nil {
		t.Errorf("heard %v after leaving", all)
	}
}

// One who may listen takes neither all places nor those of others.
func TestOnlySoManyListen(t *testing.T) {
	ls := NewListeners()
	var leaving []func()
	listen := func(principal, network string, want int, limit string) {
		t.Helper()
		for n := 0; ; n++ {
			_, leave, hit := ls.Listen(principal, network)
			if hit != "" {
				if n != want || hit != limit {
					t.Errorf("%d of %q from %s, then %s; want %d and %s", n, principal, network, hit, want, limit)
				}
				return
			}
			leaving = append(leaving, leave)
		}
	}
	listen("token:one", "192.0.2.1", MaxListenersPerPrincipal, LimitListenersPerPrincipal)
	listen("token:one", "192.0.2.2", 0, LimitListenersPerPrincipal)
	listen("token:two", "192.0.2.1", MaxListenersPerPrincipal, LimitListenersPerPrincipal)
	listen("", "192.0.2.1", MaxListenersPerNetwork-2*MaxListenersPerPrincipal, LimitListenersPerNetwork)
	listen("", "192.0.2.3", MaxListenersPerNetwork, LimitListenersPerNetwork)
	for i := len(leaving); i < MaxListeners; i++ {
		_, leave, limit := ls.Listen("user:"+strconv.Itoa(i), strconv.Itoa(i))
		if limit != "" {
			t.Fatal(limit)
		}
		leaving = append(leaving, leave)
	}
	listen("user:last", "192.0.2.4", 0, LimitListeners)
	leaving[0]()
	if _, leave, limit := ls.Listen("token:one", "192.0.2.1"); limit != "" {
		t.Errorf("a place that came free is taken: %s", limit)
	} else {
		leaving[0] = leave
	}
	for _, leave := range leaving {
		leave()
	}
	if len(ls.all)+len(ls.principal)+len(ls.network) != 0 {
		t.Errorf("what is left: %v, %v, %v", ls.all, ls.principal, ls.network)
	}
}

// TestNoEventIsLostOnTheWay: while many listen, take and leave, whoever stays
// hears each event once, in order.
func TestNoEventIsLostOnTheWay(t *testing.T) {
	const events = 2000
	ls := NewListeners()
	var all sync.WaitGroup
	for i := range 8 {
		l, leave, limit := ls.Listen("", strconv.Itoa(i))
		if limit != "" {
			t.Fatal(limit)
		}
		all.Go(func() { // ends with the last event
			defer leave()
			for next := 0; next < events; {
				<-l.Wake()
				heard, lost := l.Take()
				next += lost
				for _, e := range heard {
					if e.Lost != next {
						t.Errorf("heard %d, want %d", e.Lost, next)
						return
					}
					next++
				}
			}
		})
	}
	all.Go(func() {
		for range 200 {
			if _, leave, limit := ls.Listen("user:guest", "guest"); limit == "" {
				leave()
			}
		}
	})
	for i := range events {
		ls.Tell(Event{Kind: CameraOnline, Lost: i})
	}
	all.Wait()
}
