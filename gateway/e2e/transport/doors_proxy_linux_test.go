package transport

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"framegate/gateway/browsertest"
	"framegate/gateway/e2e/rig"
)

// TestDoorsOfProxies is TestDoors behind nginx and Caddy as they are without
// any settings but where we are, and as their manuals have it, at the root and
// under a path; in each both browsers log in, look and log out.
func TestDoorsOfProxies(t *testing.T) {
	t.Parallel()
	rig.NeedBrowser(t)
	rig.Need(t, "ffmpeg", "nginx", "caddy")
	t.Run("nginx as it is", func(t *testing.T) { // it speaks HTTP/1.0 and says it asks for us by our own address
		g := startDoors(t, "")
		passDoors(t, g, startNginx(t, map[string]string{"/": "proxy_pass http://" + hostOf(t, g) + ";", "/cams/": "proxy_pass http://" + hostOf(t, g) + "/;"}), false)
	})
	t.Run("Caddy as it is", func(t *testing.T) {
		g := startDoors(t, "")
		passDoors(t, g, startCaddy(t, "handle_path /cams/* {\nreverse_proxy "+hostOf(t, g)+"\n}\nreverse_proxy "+hostOf(t, g)), true)
	})
	t.Run("a base path", func(t *testing.T) {
		g := startDoors(t, "base_path: /cams")
		const passing = "proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; "
		passDoors(t, g, append(
			startNginx(t, map[string]string{"/cams/": passing + "proxy_pass http://" + hostOf(t, g) + ";"})[1:],
			startCaddy(t, "reverse_proxy /cams/* "+hostOf(t, g)+" {\nheader_up Host {upstream_hostport}\n}")[1:]...), true)
	})
}

func startDoors(t *testing.T, more string) *rig.Guarded {
	t.Helper()
	g := rig.StartGuarded(t, doorsConfiguration+"\ntrusted_proxies: [127.0.0.1]\n"+more)
	g.Beside(t, "user", "add", "viewer", "--password-file", rig.PasswordFile(t, rig.HardPassword), "--grant", "view:*")
	return g
}

// hostOf is where a proxy finds the server.
func hostOf(t *testing.T, g *rig.Guarded) string {
	t.Helper()
	u, err := url.Parse(g.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// startNginx runs an nginx with some locations until the test ends, and gives
// the addresses of its root and of /cams there.
func startNginx(t *testing.T, locations map[string]string) []string {
	t.Helper()
	folder, port := t.TempDir(), rig.HeldPort(t)
	var conf strings.Builder
	fmt.Fprintf(&conf, "daemon off; master_process off; pid %[1]s/pid; error_log stderr; events {} http { access_log off; "+
		"client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s; "+
		"server { listen 127.0.0.1:%[2]d; ", folder, port)
	for path, settings := range locations {
		fmt.Fprintf(&conf, "location %s { %s } ", path, settings)
	}
	conf.WriteString("} }\n")
	name := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(name, []byte(conf.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	startProxy(t, port, exec.Command("nginx", "-p", folder, "-c", name))
	return underProxy(port)
}

// startCaddy runs a Caddy with a site until the test ends, and gives the
// addresses of its root and of /cams there.
func startCaddy(t *testing.T, site string) []string {
	t.Helper()
	folder, port := t.TempDir(), rig.HeldPort(t)
	name := filepath.Join(folder, "Caddyfile")
	text := fmt.Sprintf("{\nadmin off\nauto_https off\n}\nhttp://:%d {\nbind 127.0.0.1\n%s\n}\n", port, site)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	caddy := exec.Command("caddy", "run", "--config", name, "--adapter", "caddyfile")
	caddy.Env = append(os.Environ(), "HOME="+folder, "XDG_DATA_HOME="+folder, "XDG_CONFIG_HOME="+folder)
	startProxy(t, port, caddy)
	return underProxy(port)
}

// startProxy runs a proxy until the test ends, and waits until it listens.
func startProxy(t *testing.T, port int, proxy *exec.Cmd) {
	t.Helper()
	said := &rig.Buffer{}
	proxy.Stdout, proxy.Stderr = said, said
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { // ends with the proxy
		defer close(ended)
		_ = proxy.Wait() // it is killed
	}()
	t.Cleanup(func() {
		_ = proxy.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("%s says:\n%.5000s", proxy.Path, said)
		}
	})
	rig.Await(t, proxy.Path+" listens", func() bool {
		select {
		case <-ended:
			t.Fatalf("%s ended at once", proxy.Path)
		default:
		}
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// underProxy gives the doors of a proxy: its root by a name, and /cams by the
// name of this machine.
func underProxy(port int) []string {
	return []string{fmt.Sprintf("http://%s:%d", browsertest.LocalName, port), fmt.Sprintf("http://%s:%d/cams", browsertest.LocalName, port)}
}
