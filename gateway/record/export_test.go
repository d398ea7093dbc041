package record

import (
	"context"
	"log/slog"
	"time"

	"framegate/gateway/record/index"
)

// PutRight is as if the host's clock had been set, soon after its start.
func (r *Recorders) PutRight(ctx context.Context, by time.Duration) {
	r.putRight(ctx, step{by, time.Now().Add(by).Round(0), sinceBoot()})
}

// TrustsClock says whether anything may go for its age at the moment.
func (r *Recorders) TrustsClock() bool { return r.clock.trusted() }

// CheckWith is Check with an index that is open already, which it believes to agree
// with itself where it mends.
func CheckWith(ctx context.Context, dir string, x *index.Index, repair Repair, say func(Finding), cameras ...string) error {
	disk, err := OpenFolder(dir)
	if err != nil {
		return err
	}
	defer disk.Close()
	v := &volume{disk: disk, index: x, log: slog.New(slog.DiscardHandler), lasting: make(map[string]string)}
	if v.id, err = marked(disk); err != nil {
		return err
	}
	c := checking(v, repair, false, say, cameras)
	if err := c.all(ctx); err != nil || repair != Look {
		return err
	}
	return verify(ctx, v, Look, say)
}

// LagOf is what Folder.Lag gives of a block device, as is told below sys.
func LagOf(sys string, device uint64) time.Duration { return lagOf(sys, device) }

// Horizon is horizon of pairs of bytes a day and days.
func Horizon(pairs [][2]float64, bytes float64) float64 {
	var flows []flow
	for _, p := range pairs {
		flows = append(flows, flow{p[0], p[1]})
	}
	return horizon(flows, bytes)
}
