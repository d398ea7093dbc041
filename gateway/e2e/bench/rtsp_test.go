//go:build linux

package bench

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"framegate/gateway/camtest"
	"framegate/gateway/command"
)

// The benchmarks of this file have cameras that send H.264 by RTSP over TCP:
// 1280x720, 30 pictures a second, 3 Mbit/s, a keyframe every two seconds. The
// cameras are one process and the gateway, whole as the command line starts it,
// is another, so that its CPU is its own. "Bare" is the yardstick: a process
// that asks the same cameras for the same packets, reads their sockets, and
// throws the bytes away.

const (
	benchBitrate = 3_000_000
	benchMTU     = 1400 // bytes of a packet's payload
)

// benchVideo makes eight seconds of video and gives its pictures' NAL units.
func benchVideo() (pictures [][][]byte, err error) {
	rate := strconv.Itoa(benchBitrate)
	footage, err := camtest.NewFootage(camtest.FootageOptions{
		Codec: "h264", Width: 1280, Height: 720, Rate: benchFPS, Seconds: 8,
		Args: []string{"-b:v", rate, "-maxrate", rate, "-bufsize", rate, "-nal-hrd", "cbr"},
	})
	if err != nil {
		return nil, err
	}
	return footage.Pictures, nil
}

// benchCameras is as many cameras as FRAMEGATE_BENCH_CAMERAS says.
type benchCameras struct {
	pictures [][][]byte
	cameras  []*camtest.RTSPCamera
}

// serveCameras lists the cameras' URLs over HTTP. It counts how often one was
// asked for its video.
func serveCameras(l net.Listener) func() int {
	count, _ := strconv.Atoi(os.Getenv("FRAMEGATE_BENCH_CAMERAS"))
	var s benchCameras
	var err error
	if s.pictures, err = benchVideo(); err != nil {
		panic(err)
	}
	var urls strings.Builder
	for i := range count {
		offered := &format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: s.pictures[0][0], PPS: s.pictures[0][1]}
		camera, err := camtest.NewRTSPCamera(camtest.RTSPOptions{
			Medias:        []*description.Media{{Type: description.MediaTypeVideo, Formats: []format.Format{offered}}},
			WholePictures: os.Getenv("FRAMEGATE_BENCH_WHOLE") != "",
		})
		if err != nil {
			panic(err)
		}
		s.cameras = append(s.cameras, camera)
		fmt.Fprintln(&urls, camera.URL("/stream"))
		encoder, err := offered.CreateEncoder()
		if err != nil {
			panic(err)
		}
		go s.send(i, camera, encoder.Encode)
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, urls.String()) }))
	return s.asked
}

func (s *benchCameras) asked() (n int) {
	for _, camera := range s.cameras {
		n += camera.Setups()
	}
	return n
}

// send sends a camera's video, again and again. Cameras keep no time with each
// other: neither their pictures nor their keyframes come at once.
func (s *benchCameras) send(i int, camera *camtest.RTSPCamera, packets func([][]byte) ([]*rtp.Packet, error)) {
	n := i * 7
	time.Sleep(time.Duration(i) * 7 * time.Millisecond)
	for range time.Tick(time.Second / benchFPS) {
		group, err := packets(s.pictures[n%len(s.pictures)])
		if err != nil {
			panic(err)
		}
		ticks := uint32(n) * (90_000 / benchFPS)
		if os.Getenv("FRAMEGATE_BENCH_REPORTS") != "" {
			_ = camera.Report(ntpOf(time.Now()), ticks) // there is nothing to report on before the first picture
		}
		for _, p := range group {
			p.Timestamp = ticks
			if err := camera.Send(p); err != nil {
				panic(err)
			}
		}
		n++
	}
}

// serveGateway is Framegate with the configuration FRAMEGATE_BENCH_CONFIG.
func serveGateway(l net.Listener) func() int {
	address := l.Addr().String()
	l.Close()
	go func() {
		args := []string{"serve", "--listen", address, "--log-level", "warn", "--config", os.Getenv("FRAMEGATE_BENCH_CONFIG")}
		data := filepath.Join(filepath.Dir(os.Getenv("FRAMEGATE_BENCH_CONFIG")), "data")
		os.Exit(command.Run(context.Background(), args, []string{"FRAMEGATE_DATA=" + data}, io.Discard, os.Stderr))
	}()
	for !ready("http://" + address + "/readyz") {
		time.Sleep(10 * time.Millisecond)
	}
	return func() int { return 0 }
}

func ready(url string) bool {
	response, err := http.Get(url)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// serveSockets is the yardstick: it reads what the cameras at FRAMEGATE_BENCH_FROM
// send, and counts those that send.
func serveSockets(net.Listener) func() int {
	urls, err := cameraURLs(os.Getenv("FRAMEGATE_BENCH_FROM"))
	if err != nil {
		panic(err)
	}
	var sending atomic.Int32
	for _, u := range urls {
		conn, _, err := askForVideo(u)
		if err != nil {
			panic(err)
		}
		sending.Add(1)
		go func() {
			_, _ = io.Copy(io.Discard, conn)
			sending.Add(-1)
		}()
	}
	return func() int { return int(sending.Load()) }
}

func cameraURLs(address string) ([]string, error) {
	response, err := http.Get("http://" + address)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	list, err := io.ReadAll(response.Body)
	return strings.Fields(string(list)), err
}

var controlAttribute = regexp.MustCompile(`(?m)^a=control:(trackID=\S+)`)

// askForVideo has a camera send its video within the connection, as a client
// of RTSP does (RFC 2326, 14). What comes begins in the reader.
func askForVideo(address string) (net.Conn, *bufio.Reader, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, nil, err
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		return nil, nil, err
	}
	r := textproto.NewReader(bufio.NewReader(conn))
	_, description, err := askRTSP(conn, r, "DESCRIBE", address, "Accept: application/sdp")
	control := controlAttribute.FindStringSubmatch(description)
	if err != nil || control == nil {
		return nil, nil, fmt.Errorf("DESCRIBE: %w: %s", err, description)
	}
	header, _, err := askRTSP(conn, r, "SETUP", address+"/"+control[1], "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
	if err != nil {
		return nil, nil, err
	}
	session, _, _ := strings.Cut(header.Get("Session"), ";")
	_, _, err = askRTSP(conn, r, "PLAY", address, "Session: "+session)
	return conn, r.R, err
}

func askRTSP(conn net.Conn, r *textproto.Reader, method, address, header string) (textproto.MIMEHeader, string, error) {
	fmt.Fprintf(conn, "%s %s RTSP/1.0\r\nCSeq: 1\r\n%s\r\n\r\n", method, address, header)
	status, err := r.ReadLine()
	if err != nil || !strings.Contains(status, " 200 ") {
		return nil, "", fmt.Errorf("%s: %q, %w", method, status, err)
	}
	answer, err := r.ReadMIMEHeader()
	if err != nil {
		return nil, "", err
	}
	length, _ := strconv.Atoi(cmp.Or(answer.Get("Content-Length"), "0"))
	body := make([]byte, length)
	_, err = io.ReadFull(r.R, body)
	return answer, string(body), err
}

// gatewayFor starts a gateway that pulls cameras; those from connected on are
// connected only while somebody watches.
func gatewayFor(b *testing.B, cameras *benchServer, connected int) *benchServer {
	b.Helper()
	return gatewayWith(b, cameras, connected, "")
}

// gatewayWith is gatewayFor whose cameras have more keys.
func gatewayWith(b *testing.B, cameras *benchServer, connected int, keys string) *benchServer {
	b.Helper()
	urls, err := cameraURLs(cameras.address)
	if err != nil {
		b.Fatal(err)
	}
	text := "auth: off\ncameras:\n"
	for i, u := range urls {
		keep := "always"
		if i >= connected {
			keep = "on_demand"
		}
		text += fmt.Sprintf("  c%d: {source: '%s', keep: %s%s}\n", i, u, keep, keys)
	}
	name := b.TempDir() + "/framegate.yaml"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	before := cameras.usage().Viewers
	s := startServer(b, "gateway", "FRAMEGATE_BENCH_CONFIG="+name)
	for began := time.Now(); cameras.usage().Viewers < before+connected; time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 30*time.Second {
			b.Fatal("the cameras are not connected")
		}
	}
	return s
}

// received is what receiving costs for a while.
type received struct{ cores, reads, bytes float64 } // each a second

// watchReceiving watches a process that receives, and ends it.
func watchReceiving(s *benchServer) received {
	const span = 4 * time.Second
	time.Sleep(2 * time.Second)
	before, began := s.usage(), time.Now()
	time.Sleep(span)
	after, took := s.usage(), time.Since(began).Seconds()
	s.stop()
	return received{
		cores: (after.CPU - before.CPU).Seconds() / took,
		reads: float64(after.Reads-before.Reads) / took,
		bytes: float64(after.Read-before.Read) / took,
	}
}

// BenchmarkRTSPCameras20 keeps 20 cameras connected that nobody watches. How
// often a process must be woken is up to the camera: one that writes each
// packet alone wakes it for most of them, one that writes whole pictures once a
// picture, as it is where the network or the card puts packets together.
func BenchmarkRTSPCameras20(b *testing.B) {
	b.Run("packets", func(b *testing.B) { benchRTSPCameras(b, "") })
	b.Run("pictures", func(b *testing.B) { benchRTSPCameras(b, "yes") })
}

func benchRTSPCameras(b *testing.B, wholePictures string) {
	const count = 20
	cameras := startServer(b, "cameras", fmt.Sprint("FRAMEGATE_BENCH_CAMERAS=", count), "FRAMEGATE_BENCH_WHOLE="+wholePictures)
	defer cameras.stop()
	var bare, framegate []received
	for range 3 {
		bare = append(bare, watchReceiving(startServer(b, "sockets", "FRAMEGATE_BENCH_FROM="+cameras.address)))
		framegate = append(framegate, watchReceiving(gatewayFor(b, cameras, count)))
	}
	for i := range bare {
		b.Logf("bare %.2f %% of a core for %.2f MB/s, Framegate %.2f %% for %.2f MB/s",
			bare[i].cores*100, bare[i].bytes/1e6, framegate[i].cores*100, framegate[i].bytes/1e6)
	}
	// Where the machine is too busy the cameras send less, so all is per byte.
	const nominal = count * benchBitrate / 8
	share := func(r received) float64 { return r.cores / r.bytes * nominal }
	b.ReportMetric(medianOf(framegate, share)*100, "cpu-%")
	b.ReportMetric(medianOf(framegate, share)/medianOf(bare, share), "cpu-ratio")
	reads := func(r received) float64 { return r.reads / r.bytes * nominal / benchFPS / count }
	b.ReportMetric(medianOf(framegate, reads), "reads/frame")
	b.ReportMetric(medianOf(bare, reads), "bare-reads/frame")
	b.ReportMetric(0, "ns/op")
}

func medianOf[T any](runs []T, of func(T) float64) float64 {
	values := make([]float64, len(runs))
	for i, r := range runs {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// joined is what a viewer of an H.264 camera sees at first.
type joined struct {
	first   time.Duration // from the request to the first picture
	present time.Duration // from the request to the first picture no older than two intervals
	arrival time.Duration // from the first picture's arrival at the gateway to the viewer
}

// joinCamera watches a camera as JPEGs until it shows the present.
func joinCamera(b *testing.B, s *benchServer, camera int) (j joined) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 30*time.Second)
	defer cancel()
	began := time.Now()
	v, err := camtest.Watch(ctx, fmt.Sprintf("http://%s/live/c%d.mjpeg", s.address, camera), camtest.WatchOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	for {
		part, err := v.Next()
		if err != nil {
			b.Fatal(err)
		}
		if part.Width != 1280 {
			continue // "no signal", which has a size of its own as long as the camera's is not known
		}
		if j.first == 0 {
			j.first, j.arrival = part.Arrived.Sub(began), part.Arrived.Sub(part.Timestamp)
		}
		if part.Arrived.Sub(part.Timestamp) <= 2*time.Second/benchFPS {
			j.present = part.Arrived.Sub(began)
			return j
		}
	}
}

// snapCamera takes a single picture.
func snapCamera(b *testing.B, s *benchServer, camera int) time.Duration {
	b.Helper()
	began := time.Now()
	response, err := http.Get(fmt.Sprintf("http://%s/live/c%d.jpg", s.address, camera))
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if _, err = io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		b.Fatal(response.Status, err)
	}
	return time.Since(began)
}

// BenchmarkRTSPJoin has viewers come to cameras that are connected already and
// to cameras that are not, and snapshots be taken. Each comes at another place
// in the GOP.
func BenchmarkRTSPJoin(b *testing.B) {
	cameras := startServer(b, "cameras", "FRAMEGATE_BENCH_CAMERAS=4")
	defer cameras.stop()
	var warm, cold []joined
	var unwatched, unconnected, watched []float64
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	for i := range 5 {
		s := gatewayFor(b, cameras, 2)
		time.Sleep(2500*time.Millisecond + time.Duration(i)*370*time.Millisecond) // a whole GOP at least
		warm = append(warm, joinCamera(b, s, 0))
		watched = append(watched, ms(snapCamera(b, s, 0)))
		unwatched = append(unwatched, ms(snapCamera(b, s, 1)))
		cold = append(cold, joinCamera(b, s, 2))
		unconnected = append(unconnected, ms(snapCamera(b, s, 3)))
		s.stop()
	}
	report := func(name string, values []float64) {
		slices.Sort(values)
		b.ReportMetric(values[len(values)/2], name)
		b.ReportMetric(values[len(values)-1], name+"-max")
	}
	of := func(list []joined, value func(joined) time.Duration) (values []float64) {
		for _, j := range list {
			values = append(values, ms(value(j)))
		}
		return values
	}
	report("connected-first-ms", of(warm, func(j joined) time.Duration { return j.first }))
	report("connected-present-ms", of(warm, func(j joined) time.Duration { return j.present }))
	report("unconnected-ms-after-keyframe", of(cold, func(j joined) time.Duration { return j.arrival }))
	report("unconnected-present-ms", of(cold, func(j joined) time.Duration { return j.present }))
	report("snapshot-watched-ms", watched)
	report("snapshot-connected-ms", unwatched)
	report("snapshot-unconnected-ms", unconnected)
	b.ReportMetric(0, "ns/op")
}
