package transcode_test

import (
	"os/exec"
	"testing"

	"framegate/transcode"
)

// BenchmarkConfinedStart starts a program that does nothing, by itself and
// confined: the difference is what the sandbox adds to each start of ffmpeg.
func BenchmarkConfinedStart(b *testing.B) {
	program, err := exec.LookPath("true")
	if err != nil {
		b.Skip(err)
	}
	run := func(b *testing.B) {
		for b.Loop() {
			cmd, err := transcode.Command(program, nil, transcode.Confinement{})
			if err != nil {
				b.Fatal(err)
			}
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatalf("%v: %s", err, out)
			}
		}
	}
	b.Run("bare", func(b *testing.B) {
		defer transcode.Unconfined()()
		run(b)
	})
	b.Run("confined", run)
}
