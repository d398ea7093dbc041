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
	code   problem.Code
}{
	{auth.ErrRevoked, http.StatusUnauthorized, "", ""},
	{auth.ErrDenied, http.StatusUnauthorized, "", problem.WrongLogin},
	{auth.ErrTooManyAttempts, http.StatusTooManyRequests, "", problem.TooManyAttempts},
	{auth.ErrForbidden, http.StatusForbidden, "", ""},
	{store.ErrApart, http.StatusServiceUnavailable, "", problem.Apart},
	{auth.ErrUnwritten, http.StatusInsufficientStorage, "", problem.NotWritten},
	{auth.ErrBadName, http.StatusUnprocessableEntity, "", ""},
	{auth.ErrWeakPassword, http.StatusUnprocessableEntity, "", problem.WeakPassword},
	{auth.ErrBadPassword, http.StatusUnprocessableEntity, "", ""},
	{auth.ErrBadGrant, http.StatusUnprocessableEntity, "", ""},
	{auth.ErrBadLifetime, http.StatusUnprocessableEntity, "", ""},
	{store.ErrExists, http.StatusConflict, "", problem.Exists},
	{store.ErrTooMany, http.StatusConflict, "", problem.TooMany},
	{store.ErrLastAdmin, http.StatusConflict, "", problem.LastAdmin},
	{store.ErrConflict, http.StatusPreconditionFailed, "", ""},
	{store.ErrUnknown, http.StatusNotFound, "", ""},
	{store.ErrBusy, http.StatusServiceUnavailable, busy, problem.Locked},
	{store.ErrFull, http.StatusInsufficientStorage, full, ""},
	{store.ErrReadOnly, http.StatusServiceUnavailable, "the data folder cannot be written; the log says more", problem.ReadOnly},
	{index.ErrUnknown, http.StatusNotFound, "", ""},
	{index.ErrInvalid, http.StatusUnprocessableEntity, "", ""},
	{index.ErrTooMany, http.StatusConflict, "", problem.TooMany},
	{index.ErrBusy, http.StatusServiceUnavailable, busy, problem.Locked},
	{index.ErrReadOnly, http.StatusServiceUnavailable, "the disk of the recordings cannot be written; the log says more", problem.ReadOnly},
	{index.ErrFull, http.StatusInsufficientStorage, full, ""},
	{export.ErrBad, http.StatusUnprocessableEntity, "", ""},
	{export.ErrCrowded, http.StatusTooManyRequests, "", ""},
	{export.ErrUnknown, http.StatusNotFound, "", ""},
	{export.ErrNotDone, http.StatusConflict, "", problem.NotDone},
	{export.ErrClosed, http.StatusServiceUnavailable, "", problem.Ending},
	{export.ErrFull, http.StatusInsufficientStorage, "", ""},
	{clip.ErrTooLong, http.StatusUnprocessableEntity, "", problem.TooLong},
	{clip.ErrNothing, http.StatusNotFound, "", problem.NothingRecorded},
	{clip.ErrChanged, http.StatusServiceUnavailable, "", ""},
	{ErrNoRecordings, http.StatusNotFound, "", ""},
	{ErrNotHere, http.StatusServiceUnavailable, "", ""},
	{ErrNodeAway, http.StatusServiceUnavailable, "", ""},
	{stream.ErrClosed, http.StatusServiceUnavailable, "", problem.Ending},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "", ""},
	{context.Canceled, http.StatusServiceUnavailable, "", problem.Ending},
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
		p.Code = cmp.Or(s.code, p.Code)
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
