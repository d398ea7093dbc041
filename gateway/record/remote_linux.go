package record

import "golang.org/x/sys/unix"

// remoteKind names the file system of a network, "" for another one.
func remoteKind(s *unix.Statfs_t) string {
	switch uint32(s.Type) { // which some machines extend by a sign
	case unix.NFS_SUPER_MAGIC:
		return "NFS"
	case unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC:
		return "SMB"
	}
	return ""
}
