package command

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"framegate/gateway/cluster"
	"framegate/gateway/config"
)

type clusterCommand struct {
	CA     clusterCACommand     `cmd:"" help:"Make a cluster: its certificate authority, which stays in this data folder, and this server as its first node."`
	Token  clusterTokenCommand  `cmd:"" help:"Print what lets another machine join as a node. Who has it is that node."`
	Join   clusterJoinCommand   `cmd:"" help:"Make this server the node that a token is of."`
	Revoke clusterRevokeCommand `cmd:"" help:"Shut a node out of the cluster: its tokens of until now count no more. A later one lets it in again."`
	Status clusterStatusCommand `cmd:"" help:"Ask the node that runs on this machine who lives, and who has which camera."`
}

// cluster reads the configuration, which names a cluster.
func (f configFlags) cluster(env *environment) (*config.Config, error) {
	c, err := f.load(env)
	if err == nil && c.Cluster.Name == "" {
		err = mistake(errors.New("framegate: the configuration names no cluster; say by --config or FRAMEGATE_CLUSTER__NAME which it is"))
	}
	return c, err
}

type clusterCACommand struct {
	configFlags
	Node string `arg:"" help:"The name of this server in the cluster: a-z, 0-9 and -."`
}

// Run makes the authority and the first node.
func (c *clusterCACommand) Run(env *environment) error {
	settings, err := c.cluster(env)
	if err != nil {
		return err
	}
	if !cluster.ValidName(c.Node) {
		return mistake(fmt.Errorf("framegate: %q is no name of a node; use 1 to 63 of a-z, 0-9 and -, not beginning with -", c.Node))
	}
	authority, err := cluster.MakeAuthority(settings.Data, settings.Cluster.Name)
	if err != nil {
		return fmt.Errorf("making the authority of cluster %s: %w", settings.Cluster.Name, err)
	}
	token, err := authority.Token(c.Node)
	if err != nil {
		return err
	}
	id, err := cluster.Join(settings.Data, token)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "good: this is node %s of cluster %s, and has its authority, whose SHA-256 fingerprint is %s\n", id.Node, id.Cluster, id.Fingerprint())
	return nil
}

type clusterTokenCommand struct {
	configFlags
	Node string `arg:"" help:"The name of the other machine in the cluster: a-z, 0-9 and -. A name that was given before is another certificate of the same node."`
}

// Run prints a token.
func (c *clusterTokenCommand) Run(env *environment) error {
	settings, err := c.load(env)
	if err != nil {
		return err
	}
	authority, err := authorityOf(settings, "tokens are made")
	if err != nil {
		return err
	}
	token, err := authority.Token(c.Node)
	if err != nil {
		return mistake(fmt.Errorf("framegate: %w", err))
	}
	fmt.Fprintln(env.stdout, token)
	return nil
}

type clusterJoinCommand struct {
	configFlags
	Token string `arg:"" help:"What framegate cluster token printed; - reads it from the standard input, where other users of this machine cannot see it."`
}

// Run makes the node.
func (c *clusterJoinCommand) Run(env *environment) error {
	settings, err := c.cluster(env)
	if err != nil {
		return err
	}
	token := c.Token
	if token == standard {
		b, err := io.ReadAll(io.LimitReader(bufio.NewReader(os.Stdin), cluster.MaxToken))
		if err != nil {
			return err
		}
		token = string(b)
	}
	id, err := cluster.ReadToken(settings.Data, token)
	if err == nil && id.Cluster != settings.Cluster.Name {
		return mistake(fmt.Errorf("framegate: the token is of cluster %s, and the configuration names %s; set cluster.name to that", id.Cluster, settings.Cluster.Name))
	}
	if err == nil {
		id, err = cluster.Join(settings.Data, token)
	}
	if errors.Is(err, cluster.ErrToken) {
		return mistake(fmt.Errorf("framegate: %w", err))
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "good: this is node %s of cluster %s, whose authority has the SHA-256 fingerprint %s\n", id.Node, id.Cluster, id.Fingerprint())
	return nil
}

// authorityOf opens the authority of a cluster, which is where something is done.
func authorityOf(settings *config.Config, done string) (*cluster.Authority, error) {
	authority, err := cluster.OpenAuthority(settings.Data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the data folder %s has no authority of a cluster: %s where framegate cluster ca was run", settings.Data, done)
	}
	return authority, err
}

type clusterRevokeCommand struct {
	configFlags
	Node string `arg:"" help:"The name of the node in the cluster."`
}

// Run shuts a node out, and tells the node that runs on this machine, which tells the
// others.
func (c *clusterRevokeCommand) Run(env *environment) error {
	settings, err := c.cluster(env)
	if err != nil {
		return err
	}
	if !cluster.ValidName(c.Node) {
		return mistake(fmt.Errorf("framegate: %q is no name of a node; use 1 to 63 of a-z, 0-9 and -, not beginning with -", c.Node))
	}
	authority, err := authorityOf(settings, "nodes are shut out")
	if err != nil {
		return err
	}
	list, err := authority.Revoke(c.Node)
	if err != nil {
		return err
	}
	id, err := cluster.OpenIdentity(settings.Data)
	if err == nil {
		err = tellNode(env.ctx, id, settings.Cluster.RelayListen, list)
	}
	if err != nil {
		return fmt.Errorf("node %s is shut out of cluster %s, but no node knows it yet: the one on this machine tells the others when it starts (%w)", c.Node, authority.Cluster(), err)
	}
	fmt.Fprintf(env.stdout, "good: node %s is shut out of cluster %s\n", c.Node, authority.Cluster())
	return nil
}

type clusterStatusCommand struct{ configFlags }

// Run asks the node that runs, as a node.
func (c *clusterStatusCommand) Run(env *environment) error {
	settings, err := c.cluster(env)
	if err != nil {
		return err
	}
	id, err := cluster.OpenIdentity(settings.Data)
	if err != nil {
		return err
	}
	status, err := askNode(env.ctx, id, settings.Cluster.RelayListen)
	if err != nil {
		return fmt.Errorf("asking the node on this machine%s: %w", map[bool]string{true: ", which does not run"}[errors.Is(err, syscall.ECONNREFUSED)], err)
	}
	if status.Outside != nil {
		fmt.Fprintf(env.stdout, "%s\n\n", natsOf(*status.Outside))
	}
	w := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "node\tstate\theard\tcameras\tviewers\trelays at\troles\tlabels\tversion\n")
	for _, m := range status.Members {
		fmt.Fprintln(w, rowOf(m, status))
	}
	fmt.Fprintf(w, "\ncamera\tnode\twhy\tepoch\tstandby\n")
	for _, p := range status.Cameras {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", p.Camera, cmp.Or(p.Node, "-"), whys[p.Why], p.Epoch, standbyOf(p))
	}
	return w.Flush()
}

// rowOf says how a node is. Of one that does not live it gives no counts: what it last
// had is of others by now.
func rowOf(m cluster.Member, s cluster.Status) string {
	owned, viewers := strconv.Itoa(m.Owned), strconv.Itoa(m.Viewers)
	if !m.Alive {
		owned, viewers = "-", "-"
	}
	return strings.Join([]string{m.Node, stateOf(m, s), m.Heard.Round(100 * time.Millisecond).String(), owned, viewers, relaysAt(m),
		strings.Join(m.Roles, ","), strings.Join(m.Labels, ","), m.Version}, "\t")
}

// natsOf says how it is with the NATS of a cluster.
func natsOf(o cluster.Outside) string {
	since := time.Since(o.Since).Round(time.Second)
	if o.Connected {
		return fmt.Sprintf("the NATS at %s is reached, for %v", o.Server, since)
	}
	return fmt.Sprintf("the NATS is not reached, for %v (%s): nodes ask each other directly, and what all have in common cannot be changed; framegate doctor says more", since, o.Problem)
}

// relaysAt says where a node relays, and how it is connected to where that is not there.
func relaysAt(m cluster.Member) string {
	if m.Way == "" {
		return m.Relay
	}
	return m.Relay + " (" + m.Way + ")"
}

// standbyOf says which node keeps a camera connected besides, and how that is.
func standbyOf(p cluster.CameraPlace) string {
	if p.Standby == "" {
		return "-"
	}
	return p.Standby + " (" + p.Stood + ")"
}

// whys say why a camera is where it is.
var whys = map[cluster.Why]string{
	cluster.WhySent:   "its pictures are sent there",
	cluster.WhyLabel:  "has its node_label",
	cluster.WhyShared: "shared out",
	cluster.WhyUnsent: "nobody sends its pictures",
	cluster.WhyNoNode: "no node that lives has the role and the label",
	cluster.WhySoon:   "a node is about to take it",
	cluster.WhyApart:  "takes one connection only, and too few are heard of that say whose it is",
}

func stateOf(m cluster.Member, s cluster.Status) string {
	switch {
	case m.Node == s.Node:
		return "this one"
	case m.ShutOut:
		return "shut out"
	case !m.Alive && m.Left:
		return "ended"
	case !m.Alive:
		return "gone"
	case s.Trouble(m) != nil:
		return "alive, " + s.Trouble(m).Error()
	case !m.Same:
		return "alive, " + differs(m.Common, commonAt(s))
	}
	return "alive"
}

// differs says why a node knows other cameras than this one, by the versions that both
// have of what all have in common.
func differs(its, ours uint64) string {
	switch {
	case its < ours:
		return fmt.Sprintf("lacks what was changed last (it has %d, this one %d): its log says why, as where the disk of its data folder is full", its, ours)
	case its > ours:
		return fmt.Sprintf("has what was changed last, which this one lacks (it has %d, this one %d): the log here says why, as where the disk of the data folder is full", its, ours)
	}
	return "has other cameras configured: give all nodes the same file"
}

// commonAt gives the version that the node that was asked has.
func commonAt(s cluster.Status) uint64 {
	for _, m := range s.Members {
		if m.Node == s.Node {
			return m.Common
		}
	}
	return 0
}

// askNode asks the node that relays at an address of this machine, and is this one.
func askNode(ctx context.Context, id *cluster.Identity, address string) (status cluster.Status, err error) {
	err = id.Call(ctx, address, http.MethodGet, "/status", nil, cluster.ReadStatus(&status))
	return status, err
}

// tellNode tells it which nodes are shut out.
func tellNode(ctx context.Context, id *cluster.Identity, address string, list []byte) error {
	return id.Call(ctx, address, http.MethodPost, "/revoked", list, func(io.Reader) error { return nil })
}
