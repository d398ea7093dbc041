package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"

	"framegate/gateway/browsertest"
)

// TestPlayerInFirefox has another browser show pictures in every way but img:
// what Firefox draws of an endless image on a canvas is not what it shows.
func TestPlayerInFirefox(t *testing.T) {
	thorough(t)
	t.Parallel()
	need(t, "ffmpeg")
	if _, err := browsertest.FindFirefox(); err != nil {
		if os.Getenv("FRAMEGATE_TEST_NO_INSTALL") != "" {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	s := startGateway(t, playerCameras)
	publishTime(t, s, "phone")
	inPage, err := os.ReadFile("../browsertest/inpage.js")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*ceiling)
	defer cancel()
	firefox, err := browsertest.StartFirefox(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer firefox.Close()
	evaluate := func(expression string, result any) {
		t.Helper()
		if err := firefox.Evaluate(ctx, expression, result); err != nil {
			t.Fatal(err)
		}
	}
	if err := firefox.Navigate(ctx, s.url+"/demo/player.html?camera=phone&mode=img"); err != nil {
		t.Fatal(err)
	}
	evaluate("document.querySelector('framegate-player').remove()", nil)
	evaluate("(() => {"+string(inPage)+"})()", nil)
	for n, mode := range []string{"mse", "webcodecs", "jpeg"} {
		evaluate(fmt.Sprintf("(add({src: '/live/phone', mode: %q}), player(%d).scrollIntoView())", mode, n), nil)
		var shown struct {
			State, ActiveMode string
			DelayMs           *float64
		}
		evaluate(fmt.Sprintf("moved(%d, 15).then(() => live(%[1]d)).then(() => (({state, activeMode, delayMs}) => ({state, activeMode, delayMs}))(player(%[1]d)))", n), &shown)
		if shown.State != "live" || shown.ActiveMode != mode {
			t.Errorf("%s is %s, shown by %s", mode, shown.State, shown.ActiveMode)
		}
		if shown.DelayMs != nil {
			t.Logf("%s: %.0f ms", mode, *shown.DelayMs)
		}
	}
	if complaints := firefox.Complaints(); len(complaints) > 0 {
		t.Errorf("it complains: %q", complaints)
	}
}
