package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// maxMessage bounds an answer: a screenshot is a few megabytes.
	maxMessage = 64 << 20
	// writePatience is how long a command may take to be written.
	writePatience = 10 * time.Second
	// maxComplaints bounds what is kept of a page that never stops.
	maxComplaints = 200
)

// object is the parameters of a command.
type object map[string]any

// bidi is the client side of a WebDriver BiDi connection. Its methods may be
// called from any goroutine.
type bidi struct {
	socket *websocket.Conn
	ended  chan struct{} // closed when read has ended, after which err is set
	err    error

	mu      sync.Mutex // guards what follows, and writing
	last    uint64     // the number of the last command
	waiting map[uint64]chan<- answer
	noted   []string
}

// answer is what comes back for a command, or an event.
type answer struct {
	ID      uint64
	Type    string // success, error, event
	Method  string // of an event
	Params  json.RawMessage
	Result  json.RawMessage
	Error   string
	Message string
}

// dialBidi connects. The caller closes the connection.
func dialBidi(ctx context.Context, address string) (*bidi, error) {
	socket, _, err := websocket.DefaultDialer.DialContext(ctx, address, nil)
	if err != nil {
		return nil, fmt.Errorf("connecting to the browser: %w", err)
	}
	socket.SetReadLimit(maxMessage)
	b := &bidi{socket: socket, ended: make(chan struct{}), waiting: make(map[uint64]chan<- answer)}
	go b.read() // ends with the connection; close waits for it
	return b, nil
}

// call sends a command and reads its result into result, which may be nil. It
// blocks until the answer is there or ctx is done.
func (b *bidi) call(ctx context.Context, method string, params object, result any) error {
	id, answered, err := b.send(method, params)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	defer b.forget(id)
	select {
	case a := <-answered:
		if a.Type != "success" {
			return fmt.Errorf("%s: %s: %s", method, a.Error, a.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(a.Result, result)
	case <-b.ended:
		return fmt.Errorf("%s: the browser is gone: %w", method, b.err)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, context.Cause(ctx))
	}
}

func (b *bidi) send(method string, params object) (uint64, <-chan answer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	answered := make(chan answer, 1)
	b.waiting[b.last] = answered
	if err := b.socket.SetWriteDeadline(time.Now().Add(writePatience)); err != nil {
		return 0, nil, err
	}
	return b.last, answered, b.socket.WriteJSON(object{"id": b.last, "method": method, "params": params})
}

func (b *bidi) forget(id uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.waiting, id)
}

func (b *bidi) read() {
	defer close(b.ended)
	for {
		var a answer
		if b.err = b.socket.ReadJSON(&a); b.err != nil {
			return
		}
		if a.Type == "event" {
			b.note(a)
		} else {
			b.deliver(a)
		}
	}
}

func (b *bidi) deliver(a answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if answered := b.waiting[a.ID]; answered != nil {
		delete(b.waiting, a.ID)
		answered <- a // has room: one command, one answer
	}
}

// note keeps an event if it is a complaint.
func (b *bidi) note(a answer) {
	var entry struct{ Level, Text string }
	if a.Method != "log.entryAdded" || json.Unmarshal(a.Params, &entry) != nil || entry.Level != "error" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.noted) < maxComplaints {
		b.noted = append(b.noted, entry.Text)
	}
}

func (b *bidi) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.noted...)
}

func (b *bidi) close() {
	b.socket.Close()
	<-b.ended
}
