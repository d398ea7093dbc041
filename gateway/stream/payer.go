package stream

import "crypto/sha256"

// Payer is for whom something is made of which each may have only so much: what nodes
// tell each other of a client in place of its name and address. A zero digest is nobody.
type Payer struct{ Principal, Address Digest }

// Digest stands for a name. Of equal names it is equal.
type Digest [16]byte

// Payer gives for whom a client's streams are made: for itself, or for whom it asks,
// where it is another node.
func (c Client) Payer() Payer {
	if c.Node {
		return c.For
	}
	return Payer{digest("principal", c.Principal), digest("address", c.Network())}
}

func digest(of, name string) (d Digest) {
	if name != "" {
		sum := sha256.Sum256([]byte("framegate payer " + of + "\n" + name))
		copy(d[:], sum[:])
	}
	return d
}

// SamePrincipal says whether two clients are the same user, token or link, as far as that
// is known.
func (c Client) SamePrincipal(other Client) bool {
	if !c.Node && !other.Node {
		return c.Principal == other.Principal
	}
	return c.Payer().Principal == other.Payer().Principal
}

// SameAddress says whether two clients are in the same network (Network).
func (c Client) SameAddress(other Client) bool {
	if !c.Node && !other.Node {
		return c.Network() == other.Network()
	}
	return c.Payer().Address == other.Payer().Address
}
