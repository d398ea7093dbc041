package certs

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"framegate/gateway/regular"
)

// lookEvery is how often the files of a certificate are looked at, at most.
const lookEvery = time.Second

// Files gives the certificate of two PEM files. When they change, the next
// handshakes get the new certificate; if that is no good, it is said once in
// the log and the old one stays. An error says what is wrong with the files as
// they are now.
func Files(certFile, keyFile string, log *slog.Logger) (*tls.Config, error) {
	f := &files{cert: certFile, key: keyFile, log: log}
	if err := f.load(f.stamp()); err != nil {
		return nil, err
	}
	return serverConfig(f.get), nil
}

type files struct {
	cert, key string
	log       *slog.Logger

	mu      sync.Mutex // guards what follows; held over the reading of small files
	looked  time.Time
	seen    [2]fileStamp // of the files as they were last read, good or not
	current *tls.Certificate
}

// fileStamp tells one state of a file from another.
type fileStamp struct {
	modified time.Time
	size     int64
}

func (f *files) stamp() (stamps [2]fileStamp) {
	for i, name := range [2]string{f.cert, f.key} {
		if info, err := os.Stat(name); err == nil { // a missing file shows when it is read
			stamps[i] = fileStamp{info.ModTime(), info.Size()}
		}
	}
	return stamps
}

func (f *files) load(stamps [2]fileStamp) error {
	f.seen = stamps
	pair, err := loadPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", f.cert, f.key, err)
	}
	f.current = &pair
	return nil
}

// maxPEMBytes is more than any chain of certificates takes.
const maxPEMBytes = 1 << 20

// loadPair reads a certificate and its key.
func loadPair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := regular.Read(certFile, maxPEMBytes)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := regular.Read(keyFile, maxPEMBytes)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(cert, key)
}

func (f *files) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.looked) >= lookEvery {
		f.looked = time.Now()
		f.reload()
	}
	return f.current, nil
}

func (f *files) reload() {
	stamps := f.stamp()
	if stamps == f.seen {
		return
	}
	if err := f.load(stamps); err != nil {
		f.log.Warn("new certificate cannot be used, the old one stays", "err", err)
		return
	}
	f.log.Info("certificate changed", "file", f.cert, "until", f.current.Leaf.NotAfter)
}
