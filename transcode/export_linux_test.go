package transcode

// What tests of the sandbox use.
type Confinement = confinement

// Latitude is what the filter of system calls leaves.
type Latitude struct{ Drivers, Starts bool }

// ForbidCalls sets the filter on this thread.
func ForbidCalls(l Latitude) error { return forbidCalls(latitude{l.Drivers, l.Starts}) }

// Command, LimitAll and LandlockVersion are what Start uses.
var (
	Command         = command
	LandlockVersion = landlockVersion
)

// LimitAll bounds a process as Start does where it cannot confine it.
func LimitAll(pid int) error { return limitAll(pid, confinement{}) }

// Confined says what a Spec's ffmpeg may touch.
func Confined(s Spec) Confinement { return s.confined() }

// PID is the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Unconfined makes this program one that does not call BecomeFFmpeg, until
// what it returns is called.
func Unconfined() (again func()) {
	becomes.Store(false)
	return func() { becomes.Store(true) }
}
