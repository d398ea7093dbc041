package cluster

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// echoEvery is how often a node is asked for its time, and echoFirst how often at
	// first, with each beat: of a few the best is near enough already.
	echoEvery = 10 * time.Second
	echoFirst = 4
	// echoAnswers and echoBurst bound the questions that are answered, in a second and at
	// once: more than all nodes that there can be ask.
	echoAnswers = 50
	echoBurst   = 2 * maxMembers
	// maxEcho bounds one, in bytes.
	maxEcho = 4 << 10
	// maxHeld is how long a node may say that it held a question.
	maxHeld = 10 * time.Second
)

// echoSigned separates signatures of echoes from all others that a key may make.
const echoSigned = "framegate cluster echo 1\n"

// echo is a node's question for the time of another, or the answer, by which both know how
// much their clocks differ: NTP's four times, of which who asks keeps the first and the
// last for itself.
type echo struct {
	Node   string `json:"node"` // that says this
	To     string `json:"to"`
	Number uint64 `json:"number"` // of the question
	Came   int64  `json:"came"`   // when the question did and
	Said   int64  `json:"said"`   // when the answer went, in microseconds since 1970; both 0 in a question
}

// check says what is wrong with an echo that came to a node.
func (e echo) check(self string) error {
	switch held := e.Said - e.Came; {
	case e.To != self:
		return fmt.Errorf("%w: an echo for %.63q", errName, e.To)
	case e.Came < 0, e.Said > maxAt*1000, held < 0, held > maxHeld.Microseconds():
		return fmt.Errorf("%w: an echo that was held from %d to %d", errBroken, e.Came, e.Said)
	}
	return nil
}

// echoes asks other nodes for their time, and answers them. It may be used from any
// goroutine.
type echoes struct {
	identity *Identity
	opener   *opener
	tell     func(node string, message []byte) // must not wait for the node
	now      func() time.Time
	answers  *rate.Limiter

	mu    sync.Mutex // guards what follows; never held while tell is called
	nodes map[string]*echoed
}

// echoed is a node that is asked.
type echoed struct {
	clock
	number  uint64 // of the last question
	asked   time.Time
	waiting bool // for its answer
	times   int
}

func newEchoes(i *Identity, o *opener, now func() time.Time, tell func(string, []byte)) *echoes {
	return &echoes{identity: i, opener: o, tell: tell, now: now, answers: rate.NewLimiter(echoAnswers, echoBurst), nodes: make(map[string]*echoed)}
}

// ask asks those nodes of all that live whose turn it is, and forgets the others.
func (e *echoes) ask(nodes []string) {
	var questions []echo
	e.mu.Lock()
	before := e.nodes
	e.nodes = make(map[string]*echoed, len(nodes))
	for _, node := range nodes {
		n := before[node]
		if n == nil {
			n = new(echoed)
		}
		e.nodes[node] = n
		if n.times >= echoFirst && e.now().Sub(n.asked) < echoEvery {
			continue
		}
		n.number, n.waiting = rand.Uint64(), true
		n.times++
		questions = append(questions, echo{Node: e.identity.Node, To: node, Number: n.number})
	}
	e.mu.Unlock()
	for _, q := range questions {
		e.put(q)
	}
}

// put says an echo to its node. When a question went is noted as late as can be.
func (e *echoes) put(said echo) {
	if said.Came != 0 {
		said.Said = e.now().UnixMicro()
	}
	text, err := json.Marshal(said)
	if err != nil {
		return // it holds nothing that cannot be marshalled
	}
	message := e.identity.sign(echoSigned, text)
	if said.Came == 0 {
		e.mu.Lock()
		if n := e.nodes[said.To]; n != nil {
			n.asked = e.now()
		}
		e.mu.Unlock()
	}
	e.tell(said.To, message)
}

// hear takes what another node says: a question, which it answers, or an answer. A
// question beyond what is answered is left.
func (e *echoes) hear(message []byte) (node string, err error) {
	came := e.now()
	if len(message) > maxEcho {
		return "", errTooLarge
	}
	node, text, err := e.opener.signer(echoSigned, message)
	if err != nil {
		return node, err
	}
	var said echo
	if json.Unmarshal(text, &said) != nil {
		return node, errBroken
	}
	if said.Node != node {
		return node, fmt.Errorf("%w: %s speaks for %.63q", errName, node, said.Node)
	}
	if err := said.check(e.identity.Node); err != nil {
		return node, err
	}
	if said.Came == 0 {
		if e.answers.AllowN(came, 1) {
			e.put(echo{Node: e.identity.Node, To: node, Number: said.Number, Came: came.UnixMicro()})
		}
		return node, nil
	}
	return node, e.answered(node, said, came)
}

// answered takes note of an answer. One that nobody waits for is nothing.
func (e *echoes) answered(node string, said echo, came time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.nodes[node]
	if n == nil || !n.waiting || said.Number != n.number {
		return nil
	}
	n.waiting = false
	trip := came.Sub(n.asked) - time.Duration(said.Said-said.Came)*time.Microsecond
	ahead := time.Duration(said.Came-n.asked.UnixMicro()+said.Said-came.UnixMicro()) * time.Microsecond / 2
	if trip < -time.Millisecond || ahead.Abs() > maxAhead {
		return fmt.Errorf("%w: an echo of a clock that is %v ahead, after %v", errBroken, ahead, trip)
	}
	n.note(sample{ahead: ahead, trip: max(trip, 0), at: came})
	return nil
}

// ahead gives by how much the clock of a node is ahead of ours, and by how much that can
// be wrong; known is false before it answered.
func (e *echoes) ahead(node string) (ahead, doubt time.Duration, known bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := e.nodes[node]; n != nil {
		return n.clock.ahead(e.now())
	}
	return 0, 0, false
}

// Ahead gives by how much the clock of another node is ahead of this one's, and by how
// much that can be wrong; known is false before it was measured.
func (c *Cluster) Ahead(node string) (ahead, doubt time.Duration, known bool) {
	return c.echoes.ahead(node)
}

// askTime asks the nodes that live for their time, whose turn it is.
func (c *Cluster) askTime() {
	var nodes []string
	for _, other := range c.Others() {
		nodes = append(nodes, other.Node)
	}
	c.echoes.ask(nodes)
}

// hearEcho takes an echo that the bus brought.
func (c *Cluster) hearEcho(message []byte) {
	if node, err := c.echoes.hear(message); err != nil {
		c.refuse(node, err)
	}
}

// measured puts what echoes told of the clock of a node in the place of what its beats do.
func (c *Cluster) measured(m Member) Member {
	if ahead, doubt, known := c.Ahead(m.Node); known {
		m.Clock, m.Doubt = ahead, doubt
	}
	return m
}
