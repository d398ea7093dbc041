package cluster

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"framegate/gateway/regular"
)

// storeName is where in the folder of the bus those nodes stand that it was made for.
const storeName = "stores"

// keepOn has the bus keep what all nodes have in common in a folder. Nodes that keep it
// are known beforehand, so that also one alone is a majority, and so that a few of several that
// begin do not believe that they are all.
//
// Where other nodes are to keep it than before, the folder is made anew: each node has a copy, and
// the newest is put in again.
func keepOn(o Options, to *server.Options) error {
	stores := slices.Sorted(slices.Values(o.Stores))
	known := strings.Join(stores, "\n") + "\n"
	name := filepath.Join(o.Disk, storeName)
	before, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if string(before) != known {
		meta := filepath.Join(o.Disk, server.JetStreamStoreDir, server.DEFAULT_SYSTEM_ACCOUNT, "_js_", "_meta_")
		err := errors.Join(os.RemoveAll(o.Disk), os.MkdirAll(meta, 0o700))
		if err == nil {
			err = regular.Write(filepath.Join(meta, "peers.idx"), peers(stores), 0o600)
		}
		if err == nil {
			err = regular.Write(name, []byte(known), 0o600)
		}
		if err != nil {
			return err
		}
	}
	to.JetStream, to.StoreDir, to.SyncAlways = true, o.Disk, true
	to.JetStreamMaxMemory, to.JetStreamMaxStore = 32<<20, 64*maxSealed
	to.DisableJetStreamBanner = true
	if len(stores) == 1 { // see accompany
		to.LeafNode = server.LeafNodeOpts{Host: "127.0.0.1", Port: server.RANDOM_PORT, Username: to.Username, Password: to.Password, NoAdvertise: true}
	}
	to.ServerName = o.Identity.Node // which is who it is to the others
	return nil
}

// accompany starts what the one node that keeps what all have in common is connected to
// where no other node lives, since a server that keeps something waits for a connection before
// it does: a second server, in this process, which does nothing.
func accompany(of *server.Options) (*server.Server, error) {
	way := &url.URL{Scheme: "nats-leaf", Host: net.JoinHostPort(of.LeafNode.Host, strconv.Itoa(of.LeafNode.Port)), User: url.UserPassword(of.LeafNode.Username, of.LeafNode.Password)}
	s, err := server.NewServer(&server.Options{
		ServerName: of.ServerName + "-companion", DontListen: true, NoSigs: true,
		LeafNode: server.LeafNodeOpts{ReconnectInterval: 100 * time.Millisecond, Remotes: []*server.RemoteLeafOpts{{URLs: []*url.URL{way}}}},
	})
	if err == nil {
		s.Start()
	}
	return s, err
}

// peers gives the file in which a server finds who is in the group that says where
// streams are (raft.go of nats-server 2.15, encodePeerState): how many there are, how
// many are known, and of each the first eight digits of its name's hash.
func peers(names []string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(names)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(names)))
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for _, name := range names {
		sum := sha256.Sum256([]byte(name))
		for _, c := range sum[:8] {
			b = append(b, digits[int(c)%len(digits)])
		}
	}
	return append(b, 0, 0)
}
