package passage

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"
)

const (
	// maxBack and maxLines bound the connections that a node may have this one dial, and
	// keep by the bus: as many cameras as it may show of this one.
	maxBack  = 256
	maxLines = 128
	// maxWaiting bounds calls that are not answered yet, those of a node to this one too.
	maxWaiting = 1024
	// backTime is how long it may take to dial back, and handTime until it is served.
	backTime = 2 * time.Second
	handTime = time.Second
	// maxWhy bounds the words in which a node says why it does not, in bytes.
	maxWhy = 256
)

// nonce names a call, and what answers it. Nobody guesses one; but what it is worth is only
// to be taken for the answer, which has to prove then in TLS whose it is.
type nonce [16]byte

func newNonce() (n nonce) {
	_, _ = rand.Read(n[:]) // never fails
	return n
}

// call is what a node tells another.
type call struct {
	What  string `json:"what"` // one of those that follow
	Nonce string `json:"nonce"`
	Why   string `json:"why,omitempty"` // of what is not done
}

const (
	callBack = "back" // dial me
	callLine = "line" // speak by the bus
	callNo   = "no"   // to either
)

// readCall reads what a node tells.
func readCall(text []byte) (c call, n nonce, err error) {
	if err := json.Unmarshal(text, &c); err != nil {
		return c, n, err
	}
	b, err := hex.DecodeString(c.Nonce)
	switch {
	case err != nil, len(b) != len(n), len(c.Why) > maxWhy:
		return c, n, errors.New("a call that cannot be")
	case c.What != callBack && c.What != callLine && c.What != callNo:
		return c, n, fmt.Errorf("a call for %.20q", c.What)
	}
	c.Why = strings.ToValidUTF8(c.Why, "")
	return c, nonce(b), nil
}

// say tells a node something, until ctx is done or it is known that nobody hears it.
func (w *Ways) say(ctx context.Context, node, what string, n nonce, why error) error {
	c := call{What: what, Nonce: hex.EncodeToString(n[:])}
	if why != nil {
		text := why.Error()
		c.Why = text[:min(len(text), maxWhy)]
	}
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return w.options.Bus.Call(ctx, node, text)
}

// waiter is who waits for the answer to a call.
type waiter struct {
	node  string
	back  bool          // it waits to be dialled
	conns chan net.Conn // cap 1
	wrong chan error    // cap 1
}

// fail says that there will be none. It does not wait.
func (w *waiter) fail(err error) {
	select {
	case w.wrong <- err:
	default:
	}
}

// wait begins to wait for the answer of a node; forget ends it.
func (w *Ways) wait(node string, back bool) (n nonce, waits *waiter, err error) {
	n, waits = newNonce(), &waiter{node, back, make(chan net.Conn, 1), make(chan error, 1)}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.waiting) >= maxWaiting {
		return n, nil, errors.New("too many nodes are asked to call back")
	}
	w.waiting[n] = waits
	return n, waits, nil
}

// forget ends waiting. A connection that came meanwhile is closed.
func (w *Ways) forget(n nonce, waits *waiter) {
	w.mu.Lock()
	delete(w.waiting, n)
	w.mu.Unlock()
	select {
	case c := <-waits.conns:
		c.Close()
	default:
	}
}

// ask calls a node, and gives what answers.
func (w *Ways) ask(ctx context.Context, node, what string, n nonce, waits *waiter) (net.Conn, error) {
	saying, heard := context.WithCancel(ctx)
	defer heard()
	w.running.Go(func() { // ends with ctx, or once it was answered
		if err := w.say(saying, node, what, n, nil); err != nil && saying.Err() == nil {
			waits.fail(err)
		}
	})
	select {
	case c := <-waits.conns:
		return c, nil
	case err := <-waits.wrong:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// askBack has a node dial this one.
func (w *Ways) askBack(ctx context.Context, node string) (net.Conn, error) {
	n, waits, err := w.wait(node, true)
	if err != nil {
		return nil, err
	}
	defer w.forget(n, waits)
	c, err := w.ask(ctx, node, callBack, n, waits)
	if err != nil {
		return nil, err
	}
	called := &calledConn{Conn: c, ways: w, node: node}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		c.Close()
		return nil, net.ErrClosed
	}
	w.called[called] = true
	return called, nil
}

// calledConn is a connection that another node dialled.
type calledConn struct {
	net.Conn
	ways *Ways
	node string
}

func (c *calledConn) Close() error {
	c.ways.mu.Lock()
	delete(c.ways.called, c)
	c.ways.mu.Unlock()
	return c.Conn.Close()
}

// askLine has a node speak by the bus.
func (w *Ways) askLine(ctx context.Context, node, address string) (net.Conn, error) {
	line, err := w.openLine()
	if err != nil {
		return nil, err
	}
	n, waits, err := w.wait(node, false)
	if err != nil {
		return nil, err
	}
	defer w.forget(n, waits)
	c := line.open(n, node, address, false, func(c *lineConn) {
		select {
		case waits.conns <- c:
		default: // it was accepted before
		}
	})
	if c == nil {
		return nil, net.ErrClosed
	}
	if _, err := w.ask(ctx, node, callLine, n, waits); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// openLine gives the line of this node, which is opened when it is needed first.
func (w *Ways) openLine() (*lines, error) {
	w.opening.Lock()
	defer w.opening.Unlock()
	w.mu.Lock()
	line, closed := w.line, w.closed
	w.mu.Unlock()
	if closed {
		return nil, net.ErrClosed
	}
	if line != nil {
		return line, nil
	}
	line = newLines(&w.Broken)
	by, err := w.options.Bus.OpenLine(line.take, line.lost)
	if err != nil {
		return nil, err
	}
	line.by = by
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed { // which does not know of it
		w.running.Go(line.close)
		return nil, net.ErrClosed
	}
	w.line = line
	return line, nil
}

// Called takes what another node told by Bus.Call, which proved that it did. It does not
// wait.
func (w *Ways) Called(node string, text []byte) {
	c, n, err := readCall(text)
	if err != nil {
		w.Strange.Add(1)
		return
	}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return
	}
	if c.What == callNo {
		waits := w.waiting[n]
		w.mu.Unlock()
		if waits != nil && waits.node == node {
			waits.fail(fmt.Errorf("node %s: %s", node, c.Why))
		}
		return
	}
	if w.calls[node] == maxWaiting { // a node of ours has no more of them
		w.mu.Unlock()
		w.Strange.Add(1)
		return
	}
	w.calls[node]++
	w.running.Add(1)
	w.mu.Unlock()
	go func() { // ends by backTime and handTime, or with ctx
		defer w.running.Done()
		defer w.answered(node)
		ctx, cancel := context.WithTimeout(w.ctx, backTime+handTime)
		defer cancel()
		answer := w.back
		if c.What == callLine {
			answer = w.keepLine
		}
		if err := answer(ctx, node, n); err != nil {
			_ = w.say(ctx, node, callNo, n, err) // who is gone misses nothing
		}
	}()
}

// answered notes that a call of a node is no more to be answered.
func (w *Ways) answered(node string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls[node]--; w.calls[node] == 0 {
		delete(w.calls, node)
	}
}

// errTooMany: a node has as many connections as it may.
var errTooMany = errors.New("there are too many connections of that node")

// back dials a node, and answers by that connection what it asks.
func (w *Ways) back(ctx context.Context, node string, n nonce) error {
	place, known := w.options.Where(node)
	if !known {
		return errors.New("it does not know where that node is")
	}
	if w.open(node) >= maxBack {
		return errTooMany
	}
	dialling, cancel := context.WithTimeout(ctx, backTime)
	defer cancel()
	c, err := w.options.Dialer.DialContext(dialling, "tcp", place.Address)
	if err != nil {
		return err
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok || !w.keep(node, tcp) {
		c.Close()
		return errTooMany
	}
	err = c.SetWriteDeadline(time.Now().Add(backTime))
	if err == nil {
		_, err = io.WriteString(c, knocks(n))
	}
	if err = errors.Join(err, c.SetWriteDeadline(time.Time{})); err == nil {
		err = w.came.hand(ctx, c)
	}
	if err != nil {
		c.Close()
	}
	return err
}

// open gives how many connections are open that this node dialled for another.
func (w *Ways) open(node string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	conns := slices.DeleteFunc(w.dialled[node], isClosed)
	if w.dialled[node] = conns; len(conns) == 0 {
		delete(w.dialled, node)
	}
	return len(conns)
}

// keep notes a connection that this node dialled for another; false where there are too
// many.
func (w *Ways) keep(node string, c *net.TCPConn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.dialled[node]) >= maxBack {
		return false
	}
	w.dialled[node] = append(w.dialled[node], c)
	return true
}

// isClosed says whether a connection was closed, which whoever served it does.
func isClosed(c *net.TCPConn) bool {
	raw, err := c.SyscallConn()
	return err != nil || raw.Control(func(uintptr) {}) != nil
}

// keepLine answers by the bus what a node asks.
func (w *Ways) keepLine(ctx context.Context, node string, n nonce) error {
	place, known := w.options.Where(node)
	if !known {
		return errors.New("it does not know that node")
	}
	line, err := w.openLine()
	if err != nil {
		return err
	}
	if line.with(node) >= maxLines {
		return errTooMany
	}
	c := line.open(n, node, place.Address, true, nil)
	if c == nil {
		return errors.New("there is such a connection")
	}
	c.accept()
	if err := w.came.hand(ctx, c); err != nil {
		c.Close()
		return err
	}
	return nil
}
