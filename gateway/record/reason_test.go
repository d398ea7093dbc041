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

// TestAdviceSaysWhatToDo where an error of the system alone would be shown.
func TestAdviceSaysWhatToDo(t *testing.T) {
	for want, err := range map[string]error{
		"/mnt/disk is not there: mount its disk, or put the folder back":              fmt.Errorf("opening: %w", &fs.PathError{Op: "stat", Path: "/mnt/disk", Err: syscall.ENOENT}),
		"/mnt/disk may not be used: give it to the user that Framegate runs as":       &fs.PathError{Op: "open", Path: "/mnt/disk", Err: syscall.EACCES},
		"/mnt/disk is read-only: mount its disk for writing":                          errors.Join(&fs.PathError{Op: "mkdir", Path: "/mnt/disk", Err: syscall.EROFS}),
		"elsewhere, said in full":                                                     fmt.Errorf("%w", &errNotHere{"elsewhere", "elsewhere, said in full"}),
		errLocked.Error() + ": open /mnt/disk/lock: resource temporarily unavailable": fmt.Errorf("%w: %w", errLocked, &fs.PathError{Op: "open", Path: "/mnt/disk/lock", Err: syscall.EAGAIN}),
	} {
		if got := advice(err); got != want {
			t.Errorf("of %q the advice is %q, want %q", err, got, want)
		}
	}
}
