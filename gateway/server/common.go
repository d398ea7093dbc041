package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/cluster"
	"framegate/gateway/store"
)

// keeper is the cluster as the store knows it, which has in common with those of other
// nodes what it keeps.
type keeper struct{ cluster *cluster.Cluster }

// kept says which errors of a cluster are which of a store.
var kept = []struct{ is, of error }{
	{cluster.ErrApart, store.ErrApart},
	{cluster.ErrAbsent, store.ErrAbsent},
	{cluster.ErrChanged, store.ErrReplaced},
	{cluster.ErrUnreadable, store.ErrGarbled},
	{cluster.ErrTooMuch, store.ErrTooMany},
}

func ofStore(err error) error {
	for _, k := range kept {
		if errors.Is(err, k.is) {
			return fmt.Errorf("%w (%w)", k.of, err)
		}
	}
	return err
}

// Fetch gives what all nodes have in common.
func (k keeper) Fetch(ctx context.Context) ([]byte, uint64, error) {
	text, revision, err := k.cluster.Fetch(ctx)
	return text, revision, ofStore(err)
}

// Replace replaces it.
func (k keeper) Replace(ctx context.Context, text []byte, revision uint64) (uint64, error) {
	revision, err := k.cluster.Replace(ctx, text, revision)
	return revision, ofStore(err)
}

// Heir says whether this node is to put in what it has, where there is nothing.
func (k keeper) Heir() bool { return k.cluster.Heir() }

// share has the store in common with other nodes.
func (n *node) share(ctx context.Context) error {
	return n.server.store.Share(ctx, store.CommonOptions{
		Keeper: keeper{n.cluster}, Cluster: n.identity.Fingerprint(), Node: n.identity.Node, Check: api.CheckCameras,
		Changed: n.server.changedElsewhere, Told: n.cluster.Soon, Log: n.server.Log,
	})
}

// changedElsewhere puts into effect what other nodes changed.
func (s *server) changedElsewhere(ctx context.Context, cameras bool) {
	s.auth.Changed(ctx)
	s.readSettings(ctx)
	if err := s.api.ReadNotified(ctx); err != nil {
		s.Log.Error("who is told of what happens, as other nodes changed it, is not put into effect", "err", err)
	}
	if !cameras {
		return
	}
	if err := s.api.ReadCameras(ctx); err != nil {
		s.Log.Error("cameras that other nodes changed are not put into effect", "err", err)
	}
}

const (
	// prepareEvery is how often a node that keeps what all have in common sees to it that
	// there is a place for it.
	prepareEvery = time.Minute
	// prepareAgain is how often it does while that is not reached, as where a NATS lost it,
	// and how soon it finds that it is to.
	prepareAgain = 5 * time.Second
)

// prepare sees to it until ctx is done.
func (n *node) prepare(ctx context.Context) {
	wait := time.NewTimer(0)
	defer wait.Stop()
	var there time.Time // that there was one
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		again := prepareAgain
		if time.Since(there) > prepareEvery || !n.server.store.CommonStatus().Apart.IsZero() {
			if n.cluster.Prepare(ctx) == nil {
				there = time.Now()
			} else { // which the store says, in its words
				again = time.Second
			}
		}
		wait.Reset(again)
	}
}

// firstOfAll makes an admin once it is known that no node has one, and tells how to get
// in, unless ctx is done before.
func (s *server) firstOfAll(ctx context.Context, stdout io.Writer, address string) {
	for s.store.Met(ctx) == nil {
		first, err := s.firstStart(ctx)
		if err == nil {
			if first != nil {
				announceFirst(stdout, s.identity.Scheme()+"://"+address, first)
			}
			return
		}
		if !errors.Is(err, store.ErrApart) {
			s.Log.Error("nobody is admin, and none can be made", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}
