package stream

import "fmt"

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
	all          int
	perCamera    map[string]int
	perPrincipal map[string]int
	perAddress   map[string]int
}

func newAdmission(limits Limits) admission {
	return admission{
		limits:       limits,
		perCamera:    make(map[string]int),
		perPrincipal: make(map[string]int),
		perAddress:   make(map[string]int),
	}
}

// admit counts a viewer in, or says which limit keeps it out (ErrFull).
func (a *admission) admit(camera string, v Viewer) error {
	switch l := a.limits; {
	case reached(a.all, l.Viewers):
		return fmt.Errorf("%w: %d in all", ErrFull, l.Viewers)
	case reached(a.perCamera[camera], l.ViewersPerCamera):
		return fmt.Errorf("%w: %d of this camera", ErrFull, l.ViewersPerCamera)
	case v.Principal != "" && reached(a.perPrincipal[v.Principal], l.ViewersPerPrincipal):
		return fmt.Errorf("%w: %d of this user", ErrFull, l.ViewersPerPrincipal)
	case reached(a.perAddress[v.Address], l.ViewersPerAddress):
		return fmt.Errorf("%w: %d from this address", ErrFull, l.ViewersPerAddress)
	}
	a.all++
	a.perCamera[camera]++
	a.perPrincipal[v.Principal]++
	a.perAddress[v.Address]++
	return nil
}

// release counts an admitted viewer out.
func (a *admission) release(camera string, v Viewer) {
	a.all--
	decrement(a.perCamera, camera)
	decrement(a.perPrincipal, v.Principal)
	decrement(a.perAddress, v.Address)
}

func reached(count, limit int) bool { return limit > 0 && count >= limit }

func decrement(counts map[string]int, key string) {
	if counts[key]--; counts[key] <= 0 {
		delete(counts, key)
	}
}
