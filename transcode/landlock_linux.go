package transcode

import (
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// grant leaves rights to a file, or to all that is under a directory.
type grant struct {
	path   string
	rights landlock.AccessFSSet
}

// Rights that grants leave.
const (
	mayExecute landlock.AccessFSSet = llsys.AccessFSExecute
	mayRead    landlock.AccessFSSet = llsys.AccessFSReadFile | llsys.AccessFSReadDir
	mayWrite   landlock.AccessFSSet = llsys.AccessFSWriteFile
	mayControl landlock.AccessFSSet = llsys.AccessFSIoctlDev

	onFiles = mayExecute | llsys.AccessFSReadFile | mayWrite | mayControl // the others are for directories
)

// landlockVersion is what of Landlock the kernel is able to do and is used; 0
// is a kernel without it, or one that forbids it (as some containers do).
func landlockVersion() int {
	version, err := llsys.LandlockGetABIVersion()
	if err != nil {
		return 0
	}
	const signalsRepaired = 2
	if errata, err := llsys.LandlockGetErrata(); version > 5 && (err != nil || errata&signalsRepaired == 0) {
		return 5 // as the library does, which leaves out what the kernel does wrong
	}
	return version
}

// forbidFiles takes all rights to files but these grants from this process, and
// all to TCP and UDP, and keeps its signals among itself, as far as the kernel
// can. What is granted and not there is left out. Sockets in the file system
// are those that local leaves.
func forbidFiles(grants []grant, local bool) error {
	rules := make([]landlock.Rule, 0, len(grants))
	for _, g := range grants {
		about, err := os.Stat(g.path)
		if err != nil {
			continue // what cannot be had needs no grant
		}
		if !about.IsDir() {
			g.rights &= onFiles
		}
		rules = append(rules, landlock.PathAccess(g.rights, g.path).IgnoreIfMissing())
	}
	all := landlock.V11.BestEffort()
	if local {
		all.HandledAccessFS &^= llsys.AccessFSResolveUnix
	}
	return all.Restrict(rules...)
}
