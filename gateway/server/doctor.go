package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/certs"
	"framegate/gateway/config"
	"framegate/gateway/doctor"
	"framegate/gateway/health"
	"framegate/gateway/record"
	"framegate/gateway/redact"
	"framegate/gateway/roster"
	"framegate/gateway/store"
	"framegate/transcode"
)

const (
	// doctorPatience is how long a camera may take to send pictures, and doctorAtOnce how
	// many are tried at a time.
	doctorPatience = 15 * time.Second
	doctorAtOnce   = 4
	// slowStart is how long ffmpeg may take to start without that being worth a word:
	// viewers of what has to be encoded wait for it.
	slowStart = time.Second
	// roomWanted is what the data folder should have free.
	roomWanted = 256 << 20
	// maxDocument is more than what the API says of itself, in bytes.
	maxDocument = 4 << 20
)

// Doctor looks at all that a server with this configuration needs, also while one runs,
// and tells what it finds, one thing after the other. It changes nothing.
func Doctor(ctx context.Context, c *config.Config, version string, tell func(doctor.Finding)) {
	running, answers := runs(ctx, c)
	s := newParts(Options{Config: c, Log: slog.New(slog.DiscardHandler)})
	cameras, broken := s.allCameras(ctx)
	tell(aboutServer(c, version, running, answers))
	tell(aboutProgram(ctx, c))
	tell(aboutSandbox())
	tell(doctor.Folder("data", c.Data, roomWanted))
	tell(aboutState(ctx, c))
	if slices.ContainsFunc(cameras, func(c roster.Camera) bool { return c.Record.Mode != config.RecordOff }) {
		tell(aboutRecordings(c))
	}
	for _, at := range ports(c) {
		tell(doctor.Port(at.name, at.network, at.address, running))
	}
	if address := webRTCListen(c); address != "" {
		tell(aboutWebRTC(address, webRTCSpare(c), running))
	}
	if c.TLS.Mode != config.TLSOff {
		tell(aboutCertificate(c, time.Now()))
	}
	if len(c.Cluster.NATS.URLs) > 0 {
		tell(aboutNATS(ctx, c))
	}
	if c.Notify.MQTT.URL != "" || len(c.Notify.Webhooks) > 0 {
		tell(aboutNotify(c.Notify))
	}
	if c.Cluster.Name != "" && running != nil {
		tell(aboutNodes(ctx, c))
	}
	tell(doctor.Clock(new(health.Clock).Look(ctx)))
	tell(doctor.Files(c.Limits.Viewers + c.Limits.Connections + 256))
	for _, err := range broken {
		tell(doctor.But("cameras", doctor.Bad, "put right the camera by the API or the app, or remove it", "%v", err))
	}
	s.aboutCameras(ctx, cameras, running != nil, tell)
}

// listened is an address that the server listens on.
type listened struct{ name, network, address string }

// ports are those of a configuration, but for WebRTC's.
func ports(c *config.Config) (all []listened) {
	all = []listened{
		{"port", "tcp", c.Listen}, {"RTSP port", "tcp", c.RTSP.Listen}, {"RTSPS port", "tcp", c.RTSP.TLSListen},
		{"RTMP port", "tcp", c.RTMP.Listen}, {"RTMPS port", "tcp", c.RTMP.TLSListen}, {"RTSP packets", "udp", c.RTSP.UDP},
	}
	if host, port, err := net.SplitHostPort(c.RTSP.UDP); err == nil && port != "0" {
		first, _ := strconv.Atoi(port)
		all = append(all, listened{"RTSP packets", "udp", net.JoinHostPort(host, strconv.Itoa(first+1))}) // its reports
	}
	if c.Cluster.Name != "" {
		all = append(all, listened{"nodes' port", "tcp", c.Cluster.RelayListen})
		if len(c.Cluster.NATS.URLs) == 0 {
			all = append(all, listened{"bus port", "tcp", c.Cluster.Listen})
		}
	}
	return slices.DeleteFunc(all, func(at listened) bool { return at.address == "" })
}

// aboutWebRTC looks at the port of WebRTC, where the server takes one of so many behind it
// if somebody else has it.
func aboutWebRTC(address string, spare int, running *doctor.Server) doctor.Finding {
	const name = "WebRTC port"
	f := doctor.Port(name, "tcp", address, running)
	host, port, _ := net.SplitHostPort(address)
	number, _ := strconv.Atoi(port)
	for i := 1; i <= spare && f.State == doctor.Bad; i++ {
		next := net.JoinHostPort(host, strconv.Itoa(number+i))
		if doctor.Port(name, "tcp", next, nil).State == doctor.OK {
			return doctor.But(name, doctor.Warn, "end that program, or name a port under webrtc.listen and have firewalls and containers let that through; where browsers reach every port, nothing", "%s; the server uses %s", f.Text, next)
		}
	}
	return f
}

// runs gives the Framegate that answers where this configuration listens; nil where none
// does. It may be that it cannot be asked, for want of a certificate, which wrong says.
func runs(ctx context.Context, c *config.Config) (_ *doctor.Server, wrong error) {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil || port == "0" {
		return nil, nil
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	schemes := []string{"http"}
	if c.TLS.Mode != config.TLSOff {
		schemes = []string{"https", "http"} // which it may have been before
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	for _, scheme := range schemes {
		is, err := isFramegate(ctx, scheme+"://"+net.JoinHostPort(host, port))
		if is {
			return doctor.ServerAt(c.Listen), nil
		}
		if remote := new(net.OpError); errors.As(err, &remote) && remote.Op == "remote error" { // an alert of TLS
			wrong = err
		}
	}
	if c.TLS.Mode == config.TLSACME && wrong != nil {
		return doctor.ServerAt(c.Listen), wrong
	}
	return nil, nil
}

// isFramegate says whether one answers at a URL, by what it says of its API.
func isFramegate(ctx context.Context, url string) (bool, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/openapi.json", nil)
	if err != nil {
		return false, err
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "127.0.0.1"}} // it is this machine that is asked
	defer transport.CloseIdleConnections()
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	var document struct{ Info struct{ Title string } }
	err = json.NewDecoder(io.LimitReader(answer.Body, maxDocument)).Decode(&document)
	return document.Info.Title == "Framegate", err
}

func aboutServer(c *config.Config, version string, running *doctor.Server, wrong error) doctor.Finding {
	const name = "server"
	about := fmt.Sprintf("at %s; this is %s; %d cameras in the configuration", c.Listen, version, len(c.Cameras))
	switch {
	case wrong != nil:
		return doctor.But(name, doctor.Bad, "see in its log what the issuer says, which has to reach port 443 of the name", "one runs without a certificate (%v) %s", wrong, about)
	case running != nil:
		return doctor.Good(name, "one answers %s", about)
	}
	return doctor.Good(name, "none answers %s", about)
}

// aboutProgram tries ffmpeg.
func aboutProgram(ctx context.Context, c *config.Config) doctor.Finding {
	const name = "ffmpeg"
	path := c.FFmpeg.Path
	install := "install ffmpeg " + transcode.Oldest + " or newer with libx264, or name it under ffmpeg.path"
	began := time.Now()
	version, err := transcode.Version(ctx, path)
	took := time.Since(began)
	if err != nil {
		return doctor.But(name, doctor.Bad, install, "%s does not start: %v", path, err)
	}
	if err := transcode.Check(ctx, path); err != nil {
		return doctor.But(name, doctor.Bad, install, "%s: %v", path, err)
	}
	about := fmt.Sprintf("%s %s starts in %d ms, makes JPEG and H.264 of each other", path, version, took.Milliseconds())
	if err := transcode.CheckH265(ctx, path); err != nil {
		return doctor.But(name, doctor.Warn, "install an ffmpeg with the decoder hevc, if you have cameras that send H.265", "%s, but does not decode H.265: %v", about, err)
	}
	about += ", and decodes H.265"
	if wanted := hardwareOf[c.FFmpeg.HWAccel]; wanted != transcode.HWNone {
		works, err := transcode.Probe(ctx, path, wanted)
		if err != nil && wanted != transcode.HWAuto {
			return doctor.But(name, doctor.Warn, "see that its driver is installed and that this user may use its device, or leave ffmpeg.hwaccel out", "%s, but not with %s: %v", about, wanted, err)
		}
		about += "; hardware: " + cmp.Or(string(works), "none")
	}
	if took > slowStart {
		return doctor.But(name, doctor.Warn, "see what else the machine does; viewers of what has to be encoded wait so long for their first picture", "%s", about)
	}
	return doctor.Good(name, "%s", about)
}

// aboutNotify says who is told of what happens. They are not told anything here.
func aboutNotify(n config.Notify) doctor.Finding {
	where := map[bool]string{true: "of the app", false: "of the configuration"}
	var who []string
	for _, w := range n.Webhooks {
		who = append(who, fmt.Sprintf("webhook %s (%s, %s)", w.Name, w.Shown(), where[w.Added]))
	}
	if n.MQTT.URL != "" {
		who = append(who, fmt.Sprintf("broker %s (%s)", n.MQTT.URL, where[n.MQTT.Added]))
	}
	return doctor.Good("notify", "%s; framegate notify test tells them something", strings.Join(who, ", "))
}

func aboutSandbox() doctor.Finding {
	how := transcode.Sandbox()
	if !strings.Contains(how, "Landlock V") || !strings.Contains(how, "seccomp,") {
		return doctor.But("kernel", doctor.Warn, "use Linux 5.13 or newer, and let the container use Landlock (Docker's own profile does)", "%s confines ffmpeg by %s", doctor.Kernel(), how)
	}
	return doctor.Good("kernel", "%s confines ffmpeg by %s", doctor.Kernel(), how)
}

// aboutState looks at users, tokens and cameras.
func aboutState(ctx context.Context, c *config.Config) doctor.Finding {
	const name = "state"
	if err := store.Check(ctx, c.Data); err != nil {
		return doctor.But(name, doctor.Bad, "put right what it says, or restore a backup: framegate restore FILE", "%v", err)
	}
	exists, err := store.Exists(c.Data)
	if err != nil || !exists {
		return doctor.Good(name, "there is none yet; the server makes it, and the first admin, when it starts")
	}
	s, err := store.OpenAsItIs(ctx, c.Data)
	if errors.Is(err, store.ErrOlder) {
		return doctor.Good(name, "it is whole, and of an older version: the next start of this one brings it up to date, so make a backup before")
	}
	if err != nil {
		return doctor.But(name, doctor.Bad, "put right what it says, or restore a backup: framegate restore FILE", "%v", err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		return doctor.But(name, doctor.Bad, "see which other process has the data folder open, and end it: fuser -v "+filepath.Join(c.Data, "state.db"), "it cannot be written: %v", err)
	}
	users, err := s.Users(ctx)
	if err != nil {
		return doctor.But(name, doctor.Bad, "restore a backup: framegate restore FILE", "%v", err)
	}
	return doctor.Good(name, "it can be read and written; %d users", len(users))
}

// aboutRecordings looks at where recordings are kept.
func aboutRecordings(c *config.Config) doctor.Finding {
	const name = "recordings"
	f := doctor.Folder(name, c.Recordings.Dir, c.Recordings.MinFree)
	if f.State == doctor.Warn {
		f.Next = "free some space: the oldest recordings are deleted to have that much"
	}
	disk, err := record.OpenFolder(c.Recordings.Dir)
	if err != nil {
		return f // it is not there yet, or f says what is wrong
	}
	defer disk.Close()
	if remote := disk.Remote(); remote != "" && f.State == doctor.OK {
		return doctor.But(name, doctor.Warn, "use a local disk, or one that looks so, as iSCSI does", "%s, but is on a file system of the network (%s), where the index may be damaged", f.Text, remote)
	}
	return f
}

func aboutCertificate(c *config.Config, now time.Time) doctor.Finding {
	const name = "certificate"
	if err := checkCertificate(c); err != nil {
		return doctor.But(name, doctor.Bad, "put right tls in the configuration, or its files", "%v", err)
	}
	if c.TLS.Mode != config.TLSACME {
		return doctor.Good(name, "tls: %s can be used", c.TLS.Mode)
	}
	names, until, err := certs.Issued(c.Data, c.Hosts)
	about := fmt.Sprintf("that of the issuer for %s", strings.Join(names, ", "))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return doctor.Good(name, "%s is not there yet; it is asked for with the first connection, for which the issuer has to reach port 443 of each name", about)
	case err != nil:
		return doctor.But(name, doctor.Bad, "give its file to the user that the server runs as, or remove it: it is asked for again", "%s cannot be read: %v", about, err)
	case now.After(until):
		return doctor.But(name, doctor.Bad, "see in the log what the issuer says, which has to reach port 443 of each name", "%s ended on %s", about, until.Format(time.DateOnly))
	}
	return doctor.Good(name, "%s is good until %s", about, until.Format(time.DateOnly))
}

// aboutCameras tries each camera, and tells of them in order.
func (s *server) aboutCameras(ctx context.Context, cameras []roster.Camera, running bool, tell func(doctor.Finding)) {
	found := make([][]doctor.Finding, len(cameras))
	places := make(chan struct{}, doctorAtOnce)
	var trying sync.WaitGroup
	for i, camera := range cameras {
		trying.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			found[i] = append(found[i], s.aboutCamera(ctx, "camera "+camera.ID, camera, running))
			if camera.Sub.Kind != "" {
				found[i] = append(found[i], s.aboutCamera(ctx, "sub-stream of "+camera.ID, camera.SubStream(), running))
			}
		})
	}
	trying.Wait()
	for _, f := range slices.Concat(found...) {
		tell(f)
	}
}

// allCameras gives those of the configuration and those that were added.
func (s *server) allCameras(ctx context.Context) (cameras []roster.Camera, broken []error) {
	for _, c := range s.Config.Cameras {
		cameras = append(cameras, roster.Camera{Camera: c})
	}
	if exists, err := store.Exists(s.Config.Data); err != nil || !exists {
		return cameras, nil
	}
	state, err := store.OpenAsItIs(ctx, s.Config.Data)
	if err != nil {
		return cameras, nil // which aboutState tells
	}
	defer state.Close()
	added, broken, err := api.Added(ctx, state)
	if err != nil {
		broken = append(broken, err)
	}
	for _, c := range added {
		if !slices.ContainsFunc(s.Config.Cameras, func(of config.Camera) bool { return of.ID == c.ID }) {
			cameras = append(cameras, roster.Camera{Camera: c, Added: true})
		}
	}
	return cameras, broken
}

// aboutCamera tries a camera, unless one alone can have its pictures and the server does.
func (s *server) aboutCamera(ctx context.Context, name string, c roster.Camera, running bool) doctor.Finding {
	switch c.Source.Kind {
	case config.SourceUpload:
		return doctor.Good(name, "waits for who sends pictures in")
	case config.SourceV4L2, config.SourceMPEGTS:
		if running {
			return doctor.Good(name, "not tried, since one alone can have its pictures, and the server runs: its status tells")
		}
	}
	looking, err := s.tryCamera(ctx, c, doctorPatience)
	if err != nil {
		return doctor.But(name, doctor.Bad, nextFor(err, c.Source), "%s", redact.New(c.Camera).Text(err.Error()))
	}
	p := looking.result()
	about := fmt.Sprintf("%s of %dx%d", p.Codec, p.Width, p.Height)
	if p.FPS > 0 {
		about += fmt.Sprintf(", %.3g a second", p.FPS)
	}
	about += fmt.Sprintf(", the first after %d ms", p.FirstFrame.Milliseconds())
	if p.KeyframeInterval > 5*time.Second {
		return doctor.But(name, doctor.Warn, "set the camera's keyframe interval (I-frame interval, GOP) to one or two seconds", "%s, but a keyframe only every %v, for which who joins may wait", about, p.KeyframeInterval.Round(100*time.Millisecond))
	}
	return doctor.Good(name, "%s", about)
}

// nextFor says what to do about a camera that gives no pictures.
func nextFor(err error, of config.Source) string {
	var failed *net.OpError
	var lookup *net.DNSError
	var program *exec.Error
	switch {
	case errors.As(err, &program):
		return "see what is said about ffmpeg"
	case errors.As(err, &lookup):
		return "see that the name is right, and that this machine can look it up"
	case errors.As(err, &failed) && failed.Op == "dial":
		return "see that the camera has power and is in the network, and that address and port are right"
	case errors.As(err, &failed) && failed.Op == "listen":
		return "end the program that listens there, or give the camera another address of this machine"
	case of.Kind == config.SourceFile:
		return "see that the file is there, that this user may read it, and that a player such as VLC plays it"
	case of.Kind == config.SourceV4L2:
		return "see that it is plugged in, that its name is right and that this user may use it, as those of the group video may: ls -l /dev/video*"
	case of.Kind == config.SourceMPEGTS && of.Listen:
		return "have the camera send MPEG-TS by TCP to " + of.Address + " of this machine, and firewalls and containers let that through"
	case of.Kind == config.SourceMPEGTS:
		return "see that it sends MPEG-TS there, with H.264 or H.265: a player such as VLC tells; framegate serve --log-level debug says more"
	case of.Kind == config.SourceTest:
		return "see what is said about ffmpeg; framegate serve --log-level debug says more"
	}
	return "see that user, password and path are right: its manual, or a player such as VLC, tells; framegate serve --log-level debug says more"
}
