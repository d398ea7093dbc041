package nodes

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"framegate/gateway/e2e/rig"
)

// natsServer is a NATS that is a program of its own, which can be killed and started again.
type natsServer struct {
	port   int
	config string
	cmd    *exec.Cmd
}

// startNATS starts one with a configuration besides where it listens.
func startNATS(t *testing.T, configuration string) *natsServer {
	t.Helper()
	n := &natsServer{port: rig.HeldPort(t), config: filepath.Join(t.TempDir(), "nats.conf")}
	text := fmt.Sprintf("listen: 127.0.0.1:%d\nmax_payload: 8MB\n%s\n", n.port, configuration)
	if err := os.WriteFile(n.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	n.start(t)
	t.Cleanup(n.kill)
	return n
}

// start starts it, and does not wait until it listens, as nodes need not.
func (n *natsServer) start(t *testing.T) {
	t.Helper()
	n.cmd = exec.Command(rig.NATSServer(t), "-c", n.config)
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	said := new(rig.Buffer)
	n.cmd.Stderr = said
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("nats-server said:\n%.4000s", said)
		}
	})
}

// kill ends it as a failing power supply does. It may be dead.
func (n *natsServer) kill() {
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait()
}

// startAt starts nodes at a NATS each, of which each says what a configuration has of it.
func startAt(t *testing.T, cameras string, nats map[string]string, names ...string) nodes {
	t.Helper()
	all := make(nodes)
	data := dataFolders(t, names)
	for _, name := range names {
		config := rig.WriteConfig(t, fmt.Sprintf("auth: 'off'\ncluster: {name: yard, relay_listen: '127.0.0.1:0', nats: %s}\ncameras: %s\n", nats[name], cameras))
		makeNode(t, data[names[0]], data[name], name, config)
		all[name] = rig.StartProcess(t, data[name], config)
	}
	return all
}

// say waits until these nodes have said something since they began, so many times.
func (n nodes) say(t *testing.T, text string, times int, names ...string) {
	t.Helper()
	for _, name := range names {
		rig.Await(t, name+" says: "+text, func() bool { return strings.Count(n[name].Log.String(), text) >= times })
	}
}

// troubled waits until a node says, or says no more, that something is wrong around it.
func (n nodes) troubled(t *testing.T, name, code string, is bool) {
	t.Helper()
	rig.Await(t, fmt.Sprintf("%s has the trouble %s: %v", name, code, is), func() bool {
		answer := n[name].Get(t, "/api/v1/status", rig.Credentials{})
		return answer.StatusCode == http.StatusOK && bytes.Contains(answer.Content, []byte(`"code":"`+code+`"`)) == is
	})
}

const (
	natsAway    = "the NATS of the cluster is not reached"
	natsReached = "the NATS of the cluster is reached"
)

// TestNodesByANATS has three processes be a cluster by a NATS that none of them is, which speaks TLS and asks for a
// password. It is killed: nothing moves, nobody who watches notices, and a change is refused in words. A node
// dies meanwhile, and others take over its camera. The NATS comes back with what it kept, and then without.
func TestNodesByANATS(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	dir := t.TempDir()
	_, chain, key := rig.CertificatePair(t)
	for name, content := range map[string][]byte{"cert.pem": chain, "key.pem": key, "password": []byte("swordfish\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	disk := filepath.Join(dir, "jetstream")
	nats := startNATS(t, fmt.Sprintf("jetstream {store_dir: %q, sync_interval: always}\nauthorization {user: fg, password: swordfish}\ntls {cert_file: %q, key_file: %q}", disk, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")))
	camera, front := recordedFront(t)
	names := []string{"a", "b", "c"}
	by := make(map[string]string)
	for _, name := range names {
		by[name] = fmt.Sprintf("{urls: ['tls://127.0.0.1:%d'], username: fg, password_file: %q, ca: %q}", nats.port, filepath.Join(dir, "password"), filepath.Join(dir, "cert.pem"))
	}
	cluster := startAt(t, "{"+front+", phone: {source: 'upload:'}}", by, names...)
	add := func(name, id string) (int, []byte) {
		answer := cluster[name].Send(t, cluster[name].Request(t, http.MethodPost, "/api/v1/cameras", fmt.Appendf(nil, `{"id":%q,"source":"upload:","name":"swordfish"}`, id), rig.AsJSON), rig.Credentials{})
		return answer.StatusCode, answer.Content
	}
	rig.Await(t, "a camera is added", func() bool {
		status, _ := add("b", "yard")
		return status == http.StatusCreated || status == http.StatusConflict
	})
	cluster.haveAdded(t, rig.Credentials{}, []string{"yard swordfish"}, names...)
	owner := cluster.owner(t, "front", names...)
	rig.Await(t, "one node keeps the camera", func() bool { return camera.Open() == 1 })
	var viewers []*watching
	alive := others(names, owner)
	for _, name := range alive {
		viewers = append(viewers, cluster.watch(t, name, "front"))
	}
	seesMore(t, "viewers at other nodes", viewers)

	nats.kill()
	cluster.say(t, natsAway, 1, names...)
	for range 20 {
		seesMore(t, "viewers while the NATS is dead", viewers)
	}
	cluster.troubled(t, alive[0], "cluster_nats", true)
	if is := cluster.owner(t, "front", names...); is != owner {
		t.Errorf("the camera went from %s to %s, since the NATS died", owner, is)
	}
	if status, said := add(alive[0], "more"); status != http.StatusServiceUnavailable || !bytes.Contains(said, []byte(`"code":"apart"`)) {
		t.Errorf("adding a camera without a NATS: %d %s", status, said)
	}
	if n := camera.Open(); n != 1 {
		t.Errorf("the camera has %d connections", n)
	}
	cluster[owner].Kill()
	second := cluster.owner(t, "front", alive...)
	seesMore(t, "viewers after the owner died, too", viewers)
	rig.Await(t, "the camera has one connection", func() bool { return camera.Open() == 1 })

	nats.start(t)
	cluster.say(t, natsReached, 2, alive...)
	cluster.troubled(t, alive[0], "cluster_nats", false)
	rig.Await(t, "a camera is added again", func() bool {
		status, _ := add(alive[0], "more")
		return status == http.StatusCreated || status == http.StatusConflict
	})
	cluster.haveAdded(t, rig.Credentials{}, []string{"yard swordfish", "more swordfish"}, alive...)
	if is := cluster.owner(t, "front", alive...); is != second {
		t.Errorf("the camera went from %s to %s, since the NATS came back", second, is)
	}
	noSwordfishIn(t, disk)

	nats.kill()
	cluster.say(t, natsAway, 2, alive...)
	if err := os.RemoveAll(disk); err != nil {
		t.Fatal(err)
	}
	nats.start(t)
	rig.Await(t, "a camera is added to what nodes had in common", func() bool {
		status, _ := add(alive[0], "last")
		return status == http.StatusCreated || status == http.StatusConflict
	})
	cluster.haveAdded(t, rig.Credentials{}, []string{"yard swordfish", "more swordfish", "last swordfish"}, alive...)
	rig.Await(t, "doctor finds it well", func() bool { // which a slow machine may not do in time
		_, out, wrong := rig.SayIn(t, cluster[alive[0]].Variables, "doctor", "--config", cluster[alive[0]].Config)
		if strings.Contains(out+wrong, "swordfish") {
			t.Fatalf("doctor says the password: %s %s", out, wrong)
		}
		return strings.Contains(out, "and keeps what nodes have in common")
	})
	nats.kill()
	if status, out, _ := rig.SayIn(t, cluster[alive[0]].Variables, "doctor", "--config", cluster[alive[0]].Config); status != 1 || !strings.Contains(out, "fail  NATS ") {
		t.Errorf("doctor without a NATS: %d %s", status, out)
	}
}

// TestNodesByALeaf has a node at a NATS, and another at a second one that is a leaf of that, as at another site. The way
// between both is cut, and mended.
func TestNodesByALeaf(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	port := rig.HeldPort(t)
	hub := startNATS(t, fmt.Sprintf("jetstream {store_dir: %q, domain: hub}\nauthorization {user: fg, password: swordfish}\nleafnodes {listen: '127.0.0.1:%d', authorization {user: site, password: sesame}}", t.TempDir(), port))
	leaf := startNATS(t, fmt.Sprintf("authorization {user: barn, password: hay}\nleafnodes {reconnect: 1s, remotes [{url: 'nats-leaf://site:sesame@127.0.0.1:%d'}]}", port))
	by := map[string]string{
		"a": fmt.Sprintf("{urls: ['nats://127.0.0.1:%d'], username: fg, password: swordfish, domain: hub}", hub.port),
		"b": fmt.Sprintf("{urls: ['nats://127.0.0.1:%d'], username: barn, password: hay, domain: hub}", leaf.port),
	}
	cluster := startAt(t, "{phone: {source: 'upload:'}}", by, "a", "b")
	add := func(name, id string) int {
		return cluster[name].Send(t, cluster[name].Request(t, http.MethodPost, "/api/v1/cameras", fmt.Appendf(nil, `{"id":%q,"source":"upload:","name":"Yard"}`, id), rig.AsJSON), rig.Credentials{}).StatusCode
	}
	rig.Await(t, "b adds a camera", func() bool {
		status := add("b", "yard")
		return status == http.StatusCreated || status == http.StatusConflict
	})
	cluster.haveAdded(t, rig.Credentials{}, []string{"yard Yard"}, "a", "b")
	rig.PublishOver(t, http.DefaultClient, cluster["a"].Server, "phone", 0)
	if owner := cluster.owner(t, "phone", "a", "b"); owner != "a" {
		t.Errorf("the phone that sends to a is at %s", owner)
	}
	seesMore(t, "who watches at b what is sent to a", []*watching{cluster.watch(t, "b", "phone")})

	hub.kill()
	rig.Await(t, "b cannot change what nodes have in common", func() bool { return add("b", "more") == http.StatusServiceUnavailable })
	hub.start(t)
	rig.Await(t, "it can again", func() bool {
		status := add("b", "more")
		return status == http.StatusCreated || status == http.StatusConflict
	})
	cluster.haveAdded(t, rig.Credentials{}, []string{"yard Yard", "more Yard"}, "a", "b")
}
