package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"time"

	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/export"
	"framegate/gateway/playback/clip"
	"framegate/gateway/record/index"
	"framegate/gateway/store"
	"framegate/gateway/stream"
)

// Texts that stand in more than one place.
const (
	busy      = "another process is writing what this would change; try again"
	full      = "the disk is full; free some space and try again; nothing was changed"
	noAddress = "there is no such address; /api/docs lists those there are"
	notThere  = "there is nothing of that name here, or you may not see it"
)

// Answer answers with a problem document of a status, for what goes wrong
// before a request reaches the API. Headers such as Retry-After are set before.
func Answer(w http.ResponseWriter, status int, detail string) {
	problem.New(status, detail).Write(w)
}

// statuses says which error is which status; the first that fits counts.
var statuses = []struct {
	err    error
	status int
	text   string // instead of the error's, which names files; "" is the error's
}{
	{auth.ErrDenied, http.StatusUnauthorized, ""},
	{auth.ErrTooManyAttempts, http.StatusTooManyRequests, ""},
	{auth.ErrForbidden, http.StatusForbidden, ""},
	{auth.ErrUnwritten, http.StatusInsufficientStorage, ""},
	{auth.ErrBadName, http.StatusUnprocessableEntity, ""},
	{auth.ErrWeakPassword, http.StatusUnprocessableEntity, ""},
	{auth.ErrBadPassword, http.StatusUnprocessableEntity, ""},
	{auth.ErrBadGrant, http.StatusUnprocessableEntity, ""},
	{auth.ErrBadLifetime, http.StatusUnprocessableEntity, ""},
	{store.ErrExists, http.StatusConflict, ""},
	{store.ErrTooMany, http.StatusConflict, ""},
	{store.ErrLastAdmin, http.StatusConflict, ""},
	{store.ErrConflict, http.StatusPreconditionFailed, ""},
	{store.ErrUnknown, http.StatusNotFound, ""},
	{store.ErrBusy, http.StatusServiceUnavailable, busy},
	{store.ErrFull, http.StatusInsufficientStorage, full},
	{index.ErrUnknown, http.StatusNotFound, ""},
	{index.ErrInvalid, http.StatusUnprocessableEntity, ""},
	{index.ErrTooMany, http.StatusConflict, ""},
	{index.ErrBusy, http.StatusServiceUnavailable, busy},
	{index.ErrReadOnly, http.StatusServiceUnavailable, "the disk of the recordings cannot be written; the log says more"},
	{index.ErrFull, http.StatusInsufficientStorage, full},
	{export.ErrBad, http.StatusUnprocessableEntity, ""},
	{export.ErrCrowded, http.StatusTooManyRequests, ""},
	{export.ErrUnknown, http.StatusNotFound, ""},
	{export.ErrNotDone, http.StatusConflict, ""},
	{export.ErrClosed, http.StatusServiceUnavailable, ""},
	{export.ErrFull, http.StatusInsufficientStorage, ""},
	{clip.ErrTooLong, http.StatusUnprocessableEntity, ""},
	{clip.ErrNothing, http.StatusNotFound, ""},
	{clip.ErrChanged, http.StatusServiceUnavailable, ""},
	{ErrNoRecordings, http.StatusNotFound, ""},
	{ErrNotHere, http.StatusServiceUnavailable, ""},
	{stream.ErrClosed, http.StatusServiceUnavailable, ""},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, ""},
	{context.Canceled, http.StatusServiceUnavailable, ""},
}

// problemOf makes a problem of an error. What is of nobody's making but ours is
// told to the log alone.
func problemOf(err error) *problem.Problem {
	var p *problem.Problem
	if errors.As(err, &p) {
		return p
	}
	for _, s := range statuses {
		if !errors.Is(err, s.err) {
			continue
		}
		p := problem.New(s.status, cmp.Or(s.text, err.Error()))
		p.Cause = err
		p.RetryAfter = auth.RetryAfter(err)
		if s.status == http.StatusServiceUnavailable {
			p.RetryAfter = 5 * time.Second
		}
		return p
	}
	p = problem.New(http.StatusInternalServerError, "something went wrong inside; the log says what")
	p.Cause = err
	return p
}
