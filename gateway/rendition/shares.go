package rendition

import (
	"errors"
	"fmt"
	"time"

	"framegate/gateway/stream"
)

// The limits on encoders by name. Their hits are counted in Stats.
const (
	LimitEncoders             = "encoders"
	LimitEncoderStarts        = "encoder_starts"
	LimitEncodersPerPrincipal = "encoders_per_principal"
	LimitEncodersPerAddress   = "encoders_per_address"
	LimitEncodersPerCamera    = "encoders_per_camera"
	LimitEncodersPerNode      = "encoders_per_node"
)

// ShareLimits are those of the limits that are on what one viewer, camera or node has.
var ShareLimits = []string{LimitEncodersPerPrincipal, LimitEncodersPerAddress, LimitEncodersPerCamera, LimitEncodersPerNode}

// What viewers may have of the slots for sizes, rates and qualities of their
// own. There is no end to what can be asked for, and each needs an encoder, so
// without such shares one viewer could have them all. What shows a camera to
// everybody is not counted: there is only so much of it as there are cameras.
const (
	MostPerPrincipal = 2
	MostPerAddress   = 2 * MostPerPrincipal // several people may be behind one

	// sharePatience is how long who has no share left may wait for one, so that
	// pictures asked for at once, each of which takes a moment, come in turn.
	sharePatience = 3 * time.Second
)

// use is what a slot is for; what counts most comes first.
type use uint8

const (
	forCamera use = iota // without it nobody sees the camera
	forAll               // the camera as all see it who ask for nothing else
	forSome              // a size, rate or quality that a viewer asks for
	forLater             // nobody waits for it, and it waits for nobody
	uses
)

// reserve is how many slots are kept from what only some viewers ask for.
func (s *Slots) reserve() int {
	if s.atOnce == 1 {
		return 0
	}
	return max(s.atOnce/4, 1)
}

// MostPerCamera is how many such encoders a camera may have at a time: half of
// them.
func (s *Slots) MostPerCamera() int { return (s.atOnce - s.reserve() + 1) / 2 }

// MostPerNode is how many such encoders another node may have at a time, for whomever
// it says that it asks.
func (s *Slots) MostPerNode() int { return s.MostPerCamera() }

// room says that a slot is free for a job. The slots are locked.
func (s *Slots) room(j *job) bool {
	if len(s.holding) >= s.atOnce {
		return false
	}
	if !j.shared() {
		return true
	}
	return s.count(func(h *job) bool { return h.shared() }) < s.atOnce-s.reserve()
}

// share gives the limit that keeps a job from a slot, whether or not one is
// free; or nil. The slots are locked.
func (s *Slots) share(j *job) *refusal {
	if !j.shared() {
		return nil
	}
	return s.shareOf(j.stream.Camera, j.life.Clients())
}

// shareOf is share for a stream of a camera that is read for these clients: one
// that has a share left will do.
func (s *Slots) shareOf(camera string, clients []stream.Client) (refused *refusal) {
	if most := s.MostPerCamera(); s.count(func(h *job) bool { return h.shared() && h.stream.Camera == camera }) >= most {
		return &refusal{LimitEncodersPerCamera, fmt.Sprintf("%d other sizes, rates or qualities of this camera are being shown already, which is all there may be", most)}
	}
	for _, c := range clients {
		if refused = s.shareOfClient(c); refused == nil {
			return nil
		}
	}
	return refused
}

func (s *Slots) shareOfClient(c stream.Client) *refusal {
	node := func(other stream.Client) bool { return other.Node && other.Principal == c.Principal }
	if most := s.MostPerNode(); c.Node && s.count(charged(node)) >= most {
		return &refusal{LimitEncodersPerNode, fmt.Sprintf("%d sizes, rates or qualities are being made for this node already, which is all one may have", most)}
	}
	who := c.Payer()
	if who.Principal != (stream.Digest{}) && s.count(charged(c.SamePrincipal)) >= MostPerPrincipal {
		return &refusal{LimitEncodersPerPrincipal, fmt.Sprintf("%d sizes, rates or qualities are being made for this user already, which is all one may have", MostPerPrincipal)}
	}
	if who.Address != (stream.Digest{}) && s.count(charged(c.SameAddress)) >= MostPerAddress {
		return &refusal{LimitEncodersPerAddress, fmt.Sprintf("%d sizes, rates or qualities are being made for this address already, which is all one may have", MostPerAddress)}
	}
	return nil
}

// charged makes a condition on who pays for a slot: of those who watch, the one
// who came first.
func charged(is func(stream.Client) bool) func(*job) bool {
	return func(h *job) bool {
		clients := h.life.Clients()
		return h.use == forSome && len(clients) > 0 && is(clients[0])
	}
}

// shared says that a job is for what only some viewers ask for. What nobody
// watches any more, or nothing but ourselves, is for none.
func (j *job) shared() bool { return j.use == forSome && len(j.life.Clients()) > 0 }

// count counts the holders of slots that fulfil a condition.
func (s *Slots) count(fulfils func(*job) bool) (n int) {
	for h := range s.holding {
		if fulfils(h) {
			n++
		}
	}
	return n
}

// overdrawn gives why a job that waits is not going to get a slot soon, if that
// is for want of a share. It may have come to one since viewers went.
func (s *Slots) overdrawn(j *job) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grant()
	if refused := s.share(j); refused != nil && !s.holding[j] {
		return refused
	}
	return nil
}

// Refusal gives why a viewer who is about to open a stream would not get an
// encoder for it, or nil where it would, or there is one already. It counts
// that as a hit.
func (s *Slots) Refusal(key stream.Key, c stream.Client) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for j := range s.jobs {
		if j.stream == key {
			return nil
		}
	}
	if refused := s.shareOf(key.Camera, []stream.Client{c}); refused != nil {
		s.refused[refused.limit]++
		return refused
	}
	return nil
}

// ErrCrowded is what a refusal is besides that is not for who asks, so that another node
// may make what this one does not.
var ErrCrowded = errors.New("the encoders of this server have enough to do")

// HasRoom says whether a stream can have an encoder at once, or has one. A common one is
// what all get who ask for nothing else.
func (s *Slots) HasRoom(key stream.Key, common bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for j := range s.jobs {
		if j.stream == key && s.holding[j] {
			return true
		}
	}
	if len(s.holding)+len(s.waiting) >= s.atOnce {
		return false
	}
	return common || s.count(func(h *job) bool { return h.shared() }) < s.atOnce-s.reserve()
}

// refusal says in words which share was used up. It is a stream.ErrFull.
type refusal struct{ limit, words string }

func (r *refusal) Error() string {
	return "too many encoders: " + r.words + "; ask for one of those again, or without width, height, fps and quality"
}

func (r *refusal) Is(target error) bool {
	return target == stream.ErrFull || target == ErrCrowded && (r.limit == LimitEncodersPerCamera || r.limit == LimitEncodersPerNode)
}
