package record

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestNetworksFileSystemsAreKnown(t *testing.T) {
	for magic, want := range map[int64]string{unix.NFS_SUPER_MAGIC: "NFS", 0xff534d42: "SMB", 0xfe534d42: "SMB", -0xacb2be: "SMB", unix.EXT4_SUPER_MAGIC: "", unix.TMPFS_MAGIC: ""} {
		s := unix.Statfs_t{}
		s.Type = magic
		if got := remoteKind(&s); got != want {
			t.Errorf("%x is %q, want %q", magic, got, want)
		}
	}
}
