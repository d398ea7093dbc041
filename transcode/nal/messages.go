package nal

// IsRecoveryPoint says whether messages of supplemental information, without the
// header of their NAL unit, say that decoding can begin with their picture (H.264,
// 7.3.2.3 and D.1.8; H.265, 7.3.5 and D.2.8).
func IsRecoveryPoint(messages []byte) bool {
	const recoveryPoint = 6
	number := func(b []byte) (value int, rest []byte) {
		for len(b) > 0 && b[0] == 0xFF {
			value, b = value+0xFF, b[1:]
		}
		if len(b) == 0 {
			return -1, nil
		}
		return value + int(b[0]), b[1:]
	}
	for b := messages; len(b) > 2; { // escaped or not, as only lengths are counted
		var kind, size int
		kind, b = number(b)
		size, b = number(b)
		if kind == recoveryPoint {
			return true
		}
		b = b[min(max(size, 0), len(b)):]
	}
	return false
}
