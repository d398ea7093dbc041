package nodes

import (
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// TestOwnersAreKilled has 50 people watch a camera at each node that does not own it, and
// its owner killed, again and again: all see it again by the connections they have.
func TestOwnersAreKilled(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	camera := clockCamera(t, 2000)
	names := []string{"a", "b", "c"}
	cluster := startNodes(t, "{"+recorded(addressOf(camera))+"}", names...)
	var gaps []time.Duration
	for range rounds(2, 20) {
		owner := cluster.owner(t, "front", names...)
		alive := others(names, owner)
		viewers := cluster.watchers(t, 50, alive...)
		seesMore(t, "viewers at nodes that do not own the camera", viewers)
		connections := camera.Connections()
		for _, w := range viewers {
			w.begin()
		}
		cluster[owner].Kill()
		next := cluster.owner(t, "front", alive...)
		claim := cluster.place(t, next, "front")
		seesMore(t, "viewers after "+owner+" was killed", viewers)
		rig.Await(t, "the camera has one connection", func() bool { return camera.Open() == 1 })
		if more := camera.Connections() - connections; more > cluster.place(t, next, "front").Epoch-claim.Epoch+1 {
			t.Errorf("after %s was killed the camera was connected to %d times", owner, more)
		}
		for _, w := range viewers {
			gaps = append(gaps, time.Duration(w.gap.Load()))
			w.leave()
		}
		cluster.restart(t, owner, next)
		kept := cluster.owner(t, "front", names...)
		if now := cluster.place(t, kept, "front"); !now.keeps(claim) {
			t.Errorf("%s came back, and the camera went from %+v to %+v", owner, claim, now)
		}
	}
	t.Logf("without pictures after an owner was killed, viewers: %s", spread(gaps))
}

// residentBytes gives how much memory a process has.
func residentBytes(t *testing.T, p *rig.Process) int {
	t.Helper()
	statm, err := os.ReadFile("/proc/" + strconv.Itoa(p.Cmd.Process.Pid) + "/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// TestOwnerHangs has the owner stopped in the middle of all, while it takes the pictures
// of another node, too: others take over, and what does not get through to it costs them
// no memory. When it goes on one of two has the camera, and what both recorded is shown
// once.
func TestOwnerHangs(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	camera := clockCamera(t, 2000)
	names := []string{"a", "b", "c"}
	cluster := startNodes(t, "{"+recorded(addressOf(camera))+", heavy: {source: 'upload:'}}", names...)
	owner := cluster.owner(t, "front", names...)
	alive := others(names, owner)
	rig.Feed(t, cluster[alive[0]].URL, rig.Credentials{}, []string{"heavy"}, [][]byte{camtest.PictureOfSize(1, 96, 64, 200_000)})
	if at := cluster.owner(t, "heavy", names...); at != alive[0] {
		t.Fatalf("what is sent to %s is at %s", alive[0], at)
	}
	for range 3 {
		cluster.watch(t, owner, "heavy")
	}
	viewers := cluster.watchers(t, 5, alive...)
	seesMore(t, "viewers", viewers)
	rig.Await(t, "the owner gets the other's pictures", func() bool { return cluster.status(t, owner).Relays == 1 })
	cluster.records(t, owner, names...)
	first := viewers[0].newest.Load()
	rig.Await(t, "pictures are recorded", func() bool { return viewers[0].newest.Load() > first+50 })

	before, most := make(map[string]int), make(map[string]int)
	for _, name := range alive {
		before[name] = residentBytes(t, cluster[name])
	}
	stopped := cluster[owner].Cmd.Process
	if err := stopped.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	claim := cluster.place(t, cluster.owner(t, "front", alive...), "front")
	seesMore(t, "viewers after the owner was stopped", viewers)
	if camera.Open() != 2 {
		t.Errorf("the camera has %d connections", camera.Open())
	}
	until := viewers[0].newest.Load() + int64(time.Duration(rounds(8, 60))*time.Second/pace)
	rig.Await(t, "time passes", func() bool {
		for _, name := range alive {
			most[name] = max(most[name], residentBytes(t, cluster[name]))
		}
		return viewers[0].newest.Load() > until
	})
	for _, name := range alive {
		t.Logf("%s has %d kB, and %d kB at most while %s is stopped", name, before[name]>>10, most[name]>>10, owner)
		if most[name] > 2*before[name] {
			t.Errorf("%s grew from %d to %d bytes", name, before[name], most[name])
		}
	}

	if err := stopped.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	kept := cluster.owner(t, "front", names...)
	if now := cluster.place(t, kept, "front"); !now.keeps(claim) {
		t.Errorf("%s woke up, and the camera went from %+v to %+v", owner, claim, now)
	}
	rig.Await(t, "one of two lets go of the camera", func() bool { return camera.Open() == 1 })
	seesMore(t, "viewers at last", viewers)
	cluster.records(t, kept, names...)
	last := viewers[0].newest.Load()
	numbers := cluster.recordedBetween(t, alive[0], int(first)+50, int(last))
	moves := 0 // one, or more where a node was too slow to say that it lives
	rows := cluster.past(t, alive[0]).Segments
	for i := 1; i < len(rows); i++ {
		if rows[i].Node != rows[i-1].Node {
			moves++
		}
	}
	holes := holesIn(numbers)
	if len(holes) == 0 || len(holes) > moves || slices.ContainsFunc(holes, func(h hole) bool { return h.missing < 0 && moves == 1 }) {
		t.Errorf("between what both nodes recorded there are %v: %+v", holes, rows)
	}
}

// recordedBetween gives the numbers of all pictures of the camera front that nodes
// recorded, once there is one as early and one as late, since who lost the camera takes a
// moment to finish its file, and no node is away.
func (n nodes) recordedBetween(t *testing.T, name string, early, late int) (numbers []int) {
	t.Helper()
	query := url.Values{"from": {"-30m"}, "to": {"now"}}
	rig.Await(t, "what was recorded of all", func() bool {
		if len(n.past(t, name).Away) > 0 {
			return false
		}
		numbers = n.clip(t, name, "/live/front/recording.mp4?"+query.Encode())
		return len(numbers) > 0 && numbers[0] <= early && numbers[len(numbers)-1] >= late && len(n.past(t, name).Away) == 0
	})
	return numbers
}

// hole is where numbers are missing.
type hole struct{ after, missing int }

// holesIn gives the holes between numbers.
func holesIn(numbers []int) (holes []hole) {
	for i := 1; i < len(numbers); i++ {
		if missing := numbers[i] - numbers[i-1] - 1; missing != 0 {
			holes = append(holes, hole{numbers[i-1], missing})
		}
	}
	return holes
}
