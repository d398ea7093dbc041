package media

import (
	"encoding/binary"

	"framegate/transcode/h264"
	"framegate/transcode/h265"
)

// RefreshedFrom says of the bytes of a Key frame, which may be cut off, that decoding
// which begins with it begins at a recovery point: see Format.Refreshed. It knows H264
// and H265; of others, and where the bytes end before the picture, it says false.
func RefreshedFrom(codec Codec, data []byte) bool {
	for len(data) > 4 {
		size := uint64(binary.BigEndian.Uint32(data))
		unit := data[4:]
		switch {
		case size == 0:
		case codec == H264 && h264.IsSlice(unit):
			return h264.Type(unit) != h264.TypeIDR
		case codec == H265 && h265.IsPicture(unit):
			return !h265.IsIRAP(unit)
		case codec != H264 && codec != H265 || size >= uint64(len(unit)):
			return false
		}
		data = unit[size:]
	}
	return false
}
