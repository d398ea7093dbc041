package stream

import "fmt"

// The limits on viewers by name, as Options.Limited is told of them.
const (
	LimitViewers             = "viewers"
	LimitViewersPerCamera    = "viewers_per_camera"
	LimitViewersPerPrincipal = "viewers_per_principal"
	LimitViewersPerAddress   = "viewers_per_address"
)

// LimitNames are the limits that this package knows.
var LimitNames = []string{LimitViewers, LimitViewersPerCamera, LimitViewersPerPrincipal, LimitViewersPerAddress}

// Limits bound the viewers at a time. A zero field is no limit.
type Limits struct {
	Viewers             int // in all
	ViewersPerCamera    int
	ViewersPerPrincipal int
	ViewersPerAddress   int
}

// admission counts the viewers that are there and refuses those beyond the
// limits. The hub's lock guards it.
type admission struct {
	limits       Limits
	limited      func(limit string)
	all          int
	perCamera    map[string]int
	perPrincipal map[string]int
	perAddress   map[string]int
}

func newAdmission(limits Limits, limited func(limit string)) admission {
	if limited == nil {
		limited = func(string) {}
	}
	return admission{
		limits:       limits,
		limited:      limited,
		perCamera:    make(map[string]int),
		perPrincipal: make(map[string]int),
		perAddress:   make(map[string]int),
	}
}

// admit counts a viewer in, or says which limit keeps it out (ErrFull).
func (a *admission) admit(camera string, c Client) error {
	if c.Node {
		return nil
	}
	switch l := a.limits; {
	case reached(a.all, l.Viewers):
		return a.refuse(LimitViewers, l.Viewers, "in all")
	case reached(a.perCamera[camera], l.ViewersPerCamera):
		return a.refuse(LimitViewersPerCamera, l.ViewersPerCamera, "of this camera")
	case c.Principal != "" && reached(a.perPrincipal[c.Principal], l.ViewersPerPrincipal):
		return a.refuse(LimitViewersPerPrincipal, l.ViewersPerPrincipal, "of this user")
	case reached(a.perAddress[c.Network()], l.ViewersPerAddress):
		return a.refuse(LimitViewersPerAddress, l.ViewersPerAddress, "from this address")
	}
	a.all++
	a.perCamera[camera]++
	a.perPrincipal[c.Principal]++
	a.perAddress[c.Network()]++
	return nil
}

// refuse counts a hit of a limit, and says which it was.
func (a *admission) refuse(limit string, most int, whose string) error {
	a.limited(limit)
	return fmt.Errorf("%w: %d %s", ErrFull, most, whose)
}

// release counts an admitted viewer out.
func (a *admission) release(camera string, c Client) {
	if c.Node {
		return
	}
	a.all--
	decrement(a.perCamera, camera)
	decrement(a.perPrincipal, c.Principal)
	decrement(a.perAddress, c.Network())
}

func reached(count, limit int) bool { return limit > 0 && count >= limit }

func decrement(counts map[string]int, key string) {
	if counts[key]--; counts[key] <= 0 {
		delete(counts, key)
	}
}
