package store_test

import (
	"context"
	"errors"
	"testing"
	"time"
)

// A write waits for other processes no longer than its context lets it, and
// gives up by itself after a while.
func TestWriteThatWaitsEndsWithItsContext(t *testing.T) {
	dir := folder(t)
	s := open(t, dir)
	user := fill(t, s)
	other := raw(t, dir)
	other.SetMaxOpenConns(1)
	_, err := other.Exec("BEGIN IMMEDIATE")
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if err := s.SetPassword(ctx, user.ID, "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it waited for %v", took)
	}
	if users, err := s.Users(t.Context()); err != nil || len(users) != 1 {
		t.Errorf("reading meanwhile: %v, %v", users, err)
	}
	wrote := make(chan error, 1)
	go func() { wrote <- s.SetPassword(context.WithoutCancel(ctx), user.ID, "y") }() // ends at busyTimeout at the latest
	time.Sleep(100 * time.Millisecond)
	_, err = other.Exec("COMMIT")
	must(t, err)
	if err := <-wrote; err != nil {
		t.Errorf("it did not wait: %v", err)
	}
}
