package record

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"
)

// TestReasonsNameNoFiles also where an error is of several.
func TestReasonsNameNoFiles(t *testing.T) {
	broken := &fs.PathError{Op: "open", Path: "/mnt/secret", Err: syscall.EIO}
	for want, err := range map[string]error{
		"input/output error":                 fmt.Errorf("opening: %w", errors.Join(broken, nil)),
		"input/output error: is a directory": errors.Join(broken, &fs.PathError{Op: "close", Path: "/mnt/secret", Err: syscall.EISDIR}),
		"another Framegate records there; end it, or use another folder: input/output error": fmt.Errorf("%w: %w", errLocked, broken),
	} {
		if got := reason(err); got != want {
			t.Errorf("of %q the reason is %q, want %q", err, got, want)
		}
	}
	for _, err := range []error{errors.Join(&errNotHere{"elsewhere", "/mnt/secret is elsewhere"}, nil), errors.Join(errLocked, nil)} {
		if state, why := problem(err); state != Missing || why != "elsewhere" && why != errLocked.Error() {
			t.Errorf("%q is %v: %s", err, state, why)
		}
	}
}
