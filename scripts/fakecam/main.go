// Command fakecam is a camera to try Framegate with, and what goes wrong with
// cameras, as a script says or drawn from a seed:
//
//	go run ./scripts/fakecam rtsp --codec h265 --fault "10s:stall:5s, 30s:reboot:20s"
//	go run ./scripts/fakecam http --listen 127.0.0.1:8081 --random 7
//	go run ./scripts/fakecam upload --to http://any:TOKEN@127.0.0.1:8080/live/phone.mjpeg --line 7
//	go run ./scripts/fakecam proxy --to 192.168.1.20:554 --line 7
//
// A line of --fault is WHEN:WHAT:HOW LONG, with commas between several. What:
//
//	stall    nothing comes, and connections stay
//	slow     a few bytes come at a time, 3 kB a second
//	garbage  some bytes come as others
//	lengths  some bytes are missing, so that no length is right
//	cut      connections are reset
//	half     the camera seems to have said all that it will, and says more to nobody
//	reboot   connections are reset, and new ones as well
//	drop     half of the pictures are left out, over RTSP a quarter of the packets
//	clock    its clock leaps so far, and back for less than 0
//
// --random SEED draws such a script. --line SEED draws the first six of them by
// bytes, the same after as many, and so in the middle of anything. The camera shows
// ffmpeg's test pattern, or with --numbered pictures whose number can be read.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"time"

	"framegate/gateway/camtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fakecam:", err)
		os.Exit(2)
	}
}

// wanted is what the command line asks for.
type wanted struct {
	camtest.FakeOptions
	footage camtest.FootageOptions
	script  []camtest.Event
}

const usage = "rtsp, http, upload --to URL, or proxy --to HOST:PORT; see go doc ./scripts/fakecam"

// read reads the command line.
func read(args []string) (w wanted, err error) {
	if len(args) == 0 {
		return w, fmt.Errorf("what is it to be? %s", usage)
	}
	w.Protocol = args[0]
	flags := flag.NewFlagSet("fakecam "+w.Protocol, flag.ContinueOnError)
	flags.StringVar(&w.To, "to", "", "where it sends (upload), or where the proxy leads")
	flags.StringVar(&w.Line.Listen, "listen", "", "its own `HOST:PORT`, else a free port of the loopback")
	flags.StringVar(&w.footage.Codec, "codec", "", "h264, h265 or mjpeg; over HTTP mjpeg alone")
	flags.IntVar(&w.footage.Width, "width", 640, "of its pictures")
	flags.IntVar(&w.footage.Height, "height", 360, "of its pictures")
	flags.IntVar(&w.footage.Rate, "rate", 15, "pictures a second")
	flags.BoolVar(&w.footage.Numbered, "numbered", false, "pictures that show their number in black and white")
	faults := flags.String("fault", "", "`WHEN:WHAT:HOW LONG`, as in 10s:stall:5s; several with commas")
	random := flags.Uint64("random", 0, "draw faults from this `SEED`, one in ten seconds")
	flags.Uint64Var(&w.Line.Seed, "line", 0, "have the line fail by bytes, as drawn from this `SEED`")
	flags.IntVar(&w.Line.Every, "every", 0, "`BYTES` from one of those to the next, else 64 KiB")
	if err := flags.Parse(args[1:]); err != nil {
		return w, err
	}
	if flags.NArg() > 0 {
		return w, fmt.Errorf("%q is not understood; %s", flags.Arg(0), usage)
	}
	w.footage.Codec = cmp.Or(w.footage.Codec, map[string]string{"rtsp": "h264"}[w.Protocol], "mjpeg")
	if w.script, err = camtest.ParseScript(*faults); err != nil {
		return w, err
	}
	if *random != 0 {
		w.script = append(w.script, camtest.RandomScript(*random, 10*time.Second, 24*time.Hour)...)
	}
	return w, nil
}

// run is what was asked for until ctx is done.
func run(ctx context.Context, args []string, out io.Writer) error {
	w, err := read(args)
	if err != nil {
		return err
	}
	do, end, err := w.start(out)
	if err != nil {
		return err
	}
	defer end()
	camtest.Play(ctx, w.script, func(ctx context.Context, e camtest.Event) {
		fmt.Fprintf(out, "%s %s for %v\n", time.Now().Format(time.TimeOnly), e.Fault, e.For)
		do(ctx, e)
	})
	<-ctx.Done()
	return nil
}

// start starts the camera or the proxy, says where it is, and gives what has it fail
// and what ends it.
func (w wanted) start(out io.Writer) (do func(context.Context, camtest.Event), end func(), err error) {
	if w.Protocol == "proxy" {
		w.Line.To = w.To
		line, err := camtest.NewLine(w.Line)
		if err != nil {
			return nil, nil, err
		}
		fmt.Fprintf(out, "%s leads to %s\n", line.Address(), w.To)
		return func(ctx context.Context, e camtest.Event) { line.Do(ctx, e.Fault, e.For) }, line.Close, nil
	}
	if w.Footage, err = camtest.NewFootage(w.footage); err != nil {
		return nil, nil, err
	}
	camera, err := camtest.NewFakeCamera(w.FakeOptions)
	if err != nil {
		return nil, nil, err
	}
	if u, err := url.Parse(camera.URL); err == nil {
		fmt.Fprintln(out, u.Redacted())
	}
	return camera.Do, camera.Close, nil
}
