package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"framegate/gateway/api/problem"
	"framegate/gateway/config"
	"framegate/gateway/secret"
	"framegate/gateway/store"
)

const (
	// maxTries bounds how many who are told of what happens are tried at a time.
	maxTries = 2
	// tryPatience is how long that may take.
	tryPatience = 30 * time.Second
)

// The names of those who are told of what happens in the store: of a webhook its own behind
// webhookPlace, and of the broker, of which there is one, brokerPlace.
const (
	webhookPlace = "webhook/"
	brokerPlace  = "mqtt"
)

// The kinds of Notified.
const (
	kindWebhook = "webhook"
	kindBroker  = "mqtt"
)

// AddedNotified gives who is told of what happens as the app has it, for the start of a server and after
// changes. Those that cannot be read or do not fit this version are left out, and told in broken; they stay
// in the store. Those that are switched off are not among them.
func AddedNotified(ctx context.Context, s *store.Store) (added config.Added, broken []error, err error) {
	rows, err := s.AllNotified(ctx)
	if err != nil {
		return added, nil, err
	}
	for _, row := range rows {
		if err := addNotified(&added, row); err != nil {
			broken = append(broken, fmt.Errorf("%s, added in the app: %w", row.Name, err))
		}
	}
	return added, broken, nil
}

// addNotified adds what a row of the store means, where it is switched on.
func addNotified(added *config.Added, row store.Notified) error {
	name, isWebhook := webhookNameOf(row)
	switch {
	case isWebhook:
		k, err := webhookIn(row)
		if err != nil {
			return err
		}
		w, err := k.config(name)
		if err == nil && !k.Off {
			added.Webhooks = append(added.Webhooks, w)
		}
		return err
	case row.Name == brokerPlace:
		k, err := brokerIn(row)
		if err != nil {
			return err
		}
		m, err := k.config()
		if err == nil && !k.Off {
			added.MQTT = m
		}
		return err
	}
	return fmt.Errorf("it is nothing that this version knows: %w", store.ErrDamaged)
}

// ReadNotified puts into effect who the store says is told of what happens, as after another
// server changed it that has it in common.
func (a *API) ReadNotified(ctx context.Context) error {
	a.telling.Lock()
	defer a.telling.Unlock()
	return a.takeNotified(ctx)
}

// takeNotified is ReadNotified with the lock held.
func (a *API) takeNotified(ctx context.Context) error {
	added, broken, err := AddedNotified(ctx, a.options.Store)
	if err != nil {
		p := problem.New(http.StatusInternalServerError, "it was kept, but could not be put into effect: "+err.Error())
		p.Cause = err
		return p
	}
	for _, err := range broken {
		a.log.Error("somebody who is to be told of what happens is left out", "err", err)
	}
	a.options.Gateway.SetNotified(added)
	return nil
}

// changingNotified begins a change, which the peer cannot end: no other begins until end.
func (a *API) changingNotified(ctx context.Context) (_ context.Context, end func()) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writePatience)
	a.telling.Lock()
	return ctx, func() { a.telling.Unlock(); cancel() }
}

// keptNotified gives what is kept of somebody who is to be changed, where the caller knows
// the newest of it.
func (a *API) keptNotified(ctx context.Context, name, ifMatch string) (store.Notified, error) {
	kept, err := a.options.Store.Notified(ctx, name)
	if err == nil && !matchesTag(ifMatch, etag(kept.Revision)) {
		err = problem.New(http.StatusPreconditionFailed, "it was changed meanwhile; read it again")
	}
	return kept, err
}

// removeNotified has somebody told nothing any more, where the caller knows the newest of it.
// The lock is held.
func (a *API) removeNotified(ctx context.Context, name, ifMatch string) error {
	kept, err := a.keptNotified(ctx, name, ifMatch)
	if err != nil {
		return err
	}
	if err := a.options.Store.RemoveNotified(ctx, kept.Name, kept.Revision); err != nil {
		return err
	}
	return a.takeNotified(ctx)
}

// notifiedRow gives what is kept of somebody, of a document and what of it is secret; nil for
// nothing that is.
func notifiedRow(name string, document, hidden any) (store.Notified, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return store.Notified{}, err
	}
	row := store.Notified{Name: name, Document: text}
	if hidden != nil {
		text, err := json.Marshal(hidden)
		if err != nil {
			return store.Notified{}, err
		}
		row.Secret = secret.New(string(text))
	}
	return row, nil
}

// readNotified is the other way.
func readNotified(row store.Notified, document, hidden any) error {
	err := json.Unmarshal(row.Document, document)
	if err == nil && !row.Secret.Empty() {
		err = json.Unmarshal([]byte(row.Secret.Reveal()), hidden)
	}
	if err != nil {
		return fmt.Errorf("%s in the state: %w", row.Name, store.ErrDamaged) // without what it says, which may be secret
	}
	return nil
}

// telling is how it goes with somebody who is told of what happens.
type telling struct {
	State     string     `json:"state" enum:"waiting,fine,failing,gone" doc:"waiting: there was nothing to tell yet; failing: what was told last was not taken, and is tried again; gone: it said that it wants nothing any more"`
	Delivered *time.Time `json:"delivered,omitempty" doc:"when it took something last"`
	Error     string     `json:"error,omitempty" doc:"why it did not, the last time that it did not" example:"answers 503 Service Unavailable"`
	ErrorAt   *time.Time `json:"error_at,omitempty" doc:"when that was"`
	Queued    int        `json:"queued" doc:"events that wait for it"`
	Lost      uint64     `json:"lost" doc:"events since the start that it was not told of"`
}

// tellingOf says how it goes with somebody; nil where nothing is known.
func tellingOf(all []Notified, kind, name string) *telling {
	i := slices.IndexFunc(all, func(n Notified) bool { return n.Kind == kind && (kind == kindBroker || n.Name == name) })
	if i < 0 {
		return nil
	}
	n := all[i]
	return &telling{n.State, n.Delivered, n.Error, n.ErrorAt, n.Queued, n.Lost}
}

// tried is what became of a test.
type tried struct {
	Taken bool   `json:"taken" doc:"whether it was taken"`
	Said  string `json:"said" doc:"in words, what was answered, or why nothing was" example:"answers 404 Not Found"`
	Ms    int64  `json:"ms" doc:"how long that took, in milliseconds"`
}

type triedAnswer struct{ Body tried }

// try tells somebody something that means nothing.
func (a *API) try(ctx context.Context, who config.Notify) (*triedAnswer, error) {
	select {
	case a.trying <- struct{}{}:
		defer func() { <-a.trying }()
	default:
		p := problem.New(http.StatusServiceUnavailable, "others are being tried")
		p.RetryAfter = 5 * time.Second
		return nil, p
	}
	ctx, cancel := context.WithTimeout(ctx, tryPatience)
	defer cancel()
	begin := time.Now()
	err := a.options.Gateway.TryNotified(ctx, who)
	t := tried{Taken: err == nil, Said: "takes it", Ms: time.Since(begin).Milliseconds()}
	if err != nil {
		t.Said = err.Error()
	}
	return &triedAnswer{t}, nil
}

// mistakesIn makes a problem of an error of package config, which has a line for each
// mistake, beginning with the key.
func mistakesIn(what string, err error) *problem.Problem {
	p := problem.New(http.StatusUnprocessableEntity, what)
	for line := range strings.Lines(err.Error()) {
		key, text, _ := strings.Cut(strings.TrimSpace(line), ": ")
		p.Errors = append(p.Errors, problem.Fault{Location: "body." + key, Detail: text})
	}
	return p
}
