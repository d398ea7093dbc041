package contract

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"framegate/gateway/browsertest"
	"framegate/gateway/e2e/rig"
)

// readingPage reads count numbers of pictures, each another than the one
// before, off what an expression gives at the time.
const readingPage = `(async () => {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, {width: 80, height: 40});
  const context = canvas.getContext('2d', {willReadFrequently: true});
  const numberOn = (surface) => {
    if (!surface || !(surface.videoWidth ?? surface.width)) return null;
    context.clearRect(0, 0, 80, 40);
    context.drawImage(surface, 0, 0, 80, 40);
    const {data} = context.getImageData(0, 0, 80, 40);
    const cell = (x, y) => Number(data[4 * ((10 * y + 5) * 80 + 10 * x + 5)] > 127);
    let number = 0;
    for (let bit = 0; bit < 16; bit++) {
      const [x, y] = [bit %% 8, bit >> 3];
      if (cell(x, y) === cell(x, y + 2)) return null;
      number = 2 * number + cell(x, y);
    }
    return number;
  };
  const seen = [];
  for (const end = Date.now() + 60000; seen.length < %d && Date.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const number = numberOn(%s);
    if (number !== null && number !== seen.at(-1)) seen.push(number);
  }
  return seen;
})()`

// TestFirefox shows a camera that sends H.264 in the player element, by Media
// Source Extensions, and one that sends JPEGs by server-sent events.
func TestFirefox(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg")
	rig.NeedFirefox(t)
	films, jpegs := newFilmCameraOf(t, 1000, false), newJPEGCameraOf(t, 4000)
	s := rig.Start(t, fmt.Sprintf("cameras: {front: {source: '%s'}, phone: {source: '%s'}}", films.source(), jpegs.source()))
	ctx, cancel := context.WithTimeout(t.Context(), 2*rig.Ceiling)
	defer cancel()
	f, err := browsertest.StartFirefox(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if complaints := f.Complaints(); len(complaints) > 0 {
			t.Errorf("it complains: %s", strings.Join(complaints, "\n"))
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := f.Resize(ctx, 800, 600); err != nil {
		t.Fatal(err)
	}
	play(t, films, 50*time.Millisecond)
	play(t, jpegs, 50*time.Millisecond)

	expectReading(t, ctx, f, s.URL+"/demo/player.html?camera=front&mode=mse", `document.querySelector('framegate-player').surface`, 20)
	var player struct {
		Mode, State, Surface string
		Delay                float64 // ms; the camera says that its pictures are old
	}
	err = f.Evaluate(ctx, `(({activeMode, state, surface, delayMs}) => ({Mode: activeMode, State: state, Surface: surface.localName, Delay: delayMs ?? 0}))(document.querySelector('framegate-player'))`, &player)
	if err != nil || player.Mode != "mse" || player.State != "live" || player.Surface != "video" || player.Delay < filmAge.Seconds()*1000-100 {
		t.Errorf("the player is %+v, %v", player, err)
	}
	expectScreenshot(t, ctx, f, "firefox-player.png")
	expectReading(t, ctx, f, s.URL+"/demo/sse.html?camera=phone", `document.getElementById('picture')`, 8)
	expectScreenshot(t, ctx, f, "firefox-events.png")
}

// expectReading opens a page and expects count pictures in it that move.
func expectReading(t *testing.T, ctx context.Context, f *browsertest.Firefox, address, surface string, count int) {
	t.Helper()
	if err := f.Navigate(ctx, address); err != nil {
		t.Fatal(err)
	}
	var seen []int
	if err := f.Evaluate(ctx, fmt.Sprintf(readingPage, count, surface), &seen); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %v", address, seen)
	if len(seen) < count {
		t.Errorf("%s shows %v", address, seen)
	}
	for i := 1; i < len(seen); i++ {
		if step := (seen[i] - seen[i-1] + filmLength) % filmLength; step > filmLength/2 {
			t.Errorf("%s shows picture %d after %d", address, seen[i], seen[i-1])
		}
	}
}

// expectScreenshot takes a picture of the page, which must not be empty, and
// keeps it where FRAMEGATE_TEST_SCREENSHOTS says.
func expectScreenshot(t *testing.T, ctx context.Context, f *browsertest.Firefox, name string) {
	t.Helper()
	b, err := f.Screenshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	colours := make(map[any]bool)
	for x := range img.Bounds().Dx() {
		for y := range img.Bounds().Dy() {
			colours[img.At(x, y)] = true
		}
	}
	if len(colours) < 3 {
		t.Errorf("%s has %d colours", name, len(colours))
	}
	if dir := os.Getenv("FRAMEGATE_TEST_SCREENSHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Error(err)
		}
	}
}
