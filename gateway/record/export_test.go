package record

import (
	"context"
	"time"
)

// PutRight is as if the host's clock had been set, soon after its start.
func (r *Recorders) PutRight(ctx context.Context, by time.Duration) {
	r.putRight(ctx, step{by, time.Now().Add(by).Round(0), sinceBoot()})
}

// TrustsClock says whether anything may go for its age at the moment.
func (r *Recorders) TrustsClock() bool { return r.clock.trusted() }

// LagOf is what Folder.Lag gives of a block device, as is told below sys.
func LagOf(sys string, device uint64) time.Duration { return lagOf(sys, device) }
