package nodes

import (
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
)

// TestNodesApart has the owner of a camera be cut off from the others in each way that
// there is: all that it says and hears is lost, only what it says is, or all connections
// are reset. Each side shows the camera to its viewers, two own it at most, and when they
// hear each other again the one with the higher epoch keeps it. What all recorded
// meanwhile is shown once.
func TestNodesApart(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	names := []string{"a", "b", "c"}
	wires := rig.NewWires(t, names...)
	camera := clockCamera(t, 2000)
	cluster := startApart(t, wires, "{"+recorded(wires.Door(t, addressOf(camera)))+"}", names...)
	cluster.owner(t, "front", names...)
	viewers := cluster.watchers(t, 2, names...)
	seesMore(t, "viewers at all nodes", viewers)
	cluster.late(t, wires, names, viewers)
	first := viewers[0].newest.Load()

	lost, reset, well := rig.Wire{Lost: true}, rig.Wire{Reset: true}, rig.Wire{}
	ways := []struct {
		name        string
		says, hears rig.Wire
	}{{"nothing passes", lost, lost}, {"what it says is lost", lost, well}, {"what it hears is lost", well, lost}, {"connections are reset", reset, reset}}
	var healed []time.Duration
	for range rounds(1, 5) {
		for _, way := range ways {
			owner := cluster.owner(t, "front", names...)
			rest := others(names, owner)
			for _, other := range rest {
				wires.Set(owner, other, way.says)
				wires.Set(other, owner, way.hears)
			}
			next := cluster.owner(t, "front", rest...)
			seesMore(t, way.name+": viewers on both sides", viewers)
			rig.Await(t, way.name+": two own the camera at most", func() bool { return camera.Open() <= 2 })
			// Who is not heard hears the claim of others for a while, and then nobody, so that
			// his own may be the higher again.
			claim := cluster.place(t, next, "front")
			if old := cluster.place(t, owner, "front"); old.Node == owner && old.Epoch > claim.Epoch {
				claim = old
			}
			wires.Between(owner, rest, well)
			began := time.Now()
			kept := cluster.owner(t, "front", names...)
			if now := cluster.place(t, kept, "front"); !now.keeps(claim) {
				t.Errorf("%s: the camera is at %+v, and was claimed by %+v", way.name, now, claim)
			}
			healed = append(healed, time.Since(began))
			t.Logf("%s: one owner %v after it was over", way.name, healed[len(healed)-1].Round(time.Millisecond))
			rig.Await(t, way.name+": the camera has one connection", func() bool { return camera.Open() == 1 })
			cluster.records(t, kept, names...)
			seesMore(t, way.name+": viewers when it is over", viewers)
		}
	}
	t.Logf("one owner after nodes hear each other again: %s", spread(healed))

	last := viewers[0].newest.Load()
	numbers := cluster.recordedBetween(t, names[0], int(first), int(last))
	missing, again := 0, 0
	for _, h := range holesIn(numbers) {
		if missing += max(0, h.missing); h.missing < 0 {
			again -= h.missing
		}
	}
	t.Logf("of %d pictures %d are missing and %d are shown twice", len(numbers), missing, again)
	// Where one node's begin they came to it a little later or earlier than to the other.
	if edge := int(time.Second / pace); missing > 2*edge*len(healed) || again > edge*len(healed) {
		t.Errorf("of %d pictures %d are missing, and %d are shown twice: %v", len(numbers), missing, again, holesIn(numbers))
	}
}

// late has all that nodes say to each other be late, by which nothing moves.
func (n nodes) late(t *testing.T, wires *rig.Wires, names []string, viewers []*watching) {
	t.Helper()
	for _, name := range names {
		wires.Between(name, others(names, name), rig.Wire{Delay: 200 * time.Millisecond})
	}
	moves := func() (all int) {
		for _, name := range names {
			all += n.status(t, name).Moves
		}
		return all
	}
	before, until := moves(), viewers[0].newest.Load()
	rig.Await(t, "nothing moves for three seconds", func() bool {
		now := moves()
		if now != before { // as where the machine is slower than nodes are patient
			before, until = now, viewers[0].newest.Load()
		}
		return viewers[0].newest.Load() > until+int64(3*time.Second/pace)
	})
	seesMore(t, "viewers behind lines that are slow", viewers)
	for _, name := range names {
		wires.Between(name, others(names, name), rig.Wire{})
	}
}

// TestOneCopyForEachNode has 20 people watch a camera at each node that does not own it,
// and counts the bytes on the wires: of the owner each node gets one copy.
func TestOneCopyForEachNode(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	const size, people = 8000, 20
	names := []string{"a", "b", "c"}
	wires := rig.NewWires(t, names...)
	camera := clockCamera(t, size)
	cluster := startApart(t, wires, "{"+recorded(wires.Door(t, addressOf(camera)))+"}", names...)
	owner := cluster.owner(t, "front", names...)
	rest := others(names, owner)
	viewers := cluster.watchers(t, people, rest...)
	seesMore(t, "viewers at other nodes", viewers)
	for i, name := range rest {
		w, other := viewers[i*people], rest[1-i]
		number, seen := w.newest.Load(), w.seen.Load()
		came, sideways, went := wires.Passed(owner, name), wires.Passed(other, name), wires.Passed(name, "")
		until := seen + 50
		rig.Await(t, "pictures come to "+name, func() bool { return w.seen.Load() > until })
		copies := func(bytes uint64, pictures int64) float64 { return float64(bytes) / float64(pictures*size) }
		most, seen := w.newest.Load()-number, w.seen.Load()-seen
		came, sideways, went = wires.Passed(owner, name)-came, wires.Passed(other, name)-sideways, wires.Passed(name, "")-went
		t.Logf("%s gets %.2f bytes for each byte of pictures, and gives %.2f to %d viewers", name, copies(came, most), copies(went, most), people)
		if copies(came, most) > 1.25 || copies(came, seen) < 0.9 || copies(sideways, most) > 0.5 || copies(went, seen) < 0.9 {
			t.Errorf("%s gets %.2f copies of the camera, and %.2f of a node that does not own it", name, copies(came, most), copies(sideways, most))
		}
	}
	if camera.Open() != 1 {
		t.Errorf("the camera has %d connections", camera.Open())
	}
}
