package config

import "time"

// maxEncoders is more than any machine can feed.
const maxEncoders = 1024

// limitFields is the table of the keys of limits, and of what can be meant by
// each: a bound that stops everything, or nothing, is a slip of the pen.
func limitFields(l *Limits) map[string]field {
	return map[string]field{
		"viewers":               numberKey(&l.Viewers, 1, 1_000_000),
		"viewers_per_camera":    numberKey(&l.ViewersPerCamera, 1, 1_000_000),
		"viewers_per_principal": numberKey(&l.ViewersPerPrincipal, 1, 1_000_000),
		"viewers_per_address":   numberKey(&l.ViewersPerAddress, 1, 1_000_000),
		"viewer_patience":       spanKey(&l.ViewerPatience, time.Second, 10*time.Minute),

		"frame_bytes":       bytesKey(&l.FrameBytes, 64<<10, 64<<20),
		"publisher_fps":     numberKey(&l.PublisherFPS, 1, 1000),
		"publisher_bytes":   bytesKey(&l.PublisherBytes, 64<<10, 1<<30),
		"post_time":         spanKey(&l.PostTime, time.Second, time.Hour),
		"post_bytes":        bytesKey(&l.PostBytes, 1, 1<<20),
		"posts_per_address": numberKey(&l.PostsPerAddress, 1, 10_000),

		"connections":             numberKey(&l.Connections, 16, 1_000_000),
		"connections_per_address": numberKey(&l.ConnectionsPerAddress, 4, 1_000_000),
		"header_bytes":            bytesKey(&l.HeaderBytes, 4<<10, 1<<20),
		"header_timeout":          spanKey(&l.HeaderTimeout, time.Second, time.Minute),
		"idle_timeout":            spanKey(&l.IdleTimeout, time.Second, time.Hour),
		"api_body_bytes":          bytesKey(&l.APIBodyBytes, 4<<10, 16<<20),

		"encoders":       numberKey(&l.Encoders, 1, maxEncoders),
		"encoder_starts": numberKey(&l.EncoderStarts, 1, 1000),

		"camera_connect":    spanKey(&l.CameraConnect, 100*time.Millisecond, 5*time.Minute),
		"camera_first_byte": spanKey(&l.CameraFirstByte, time.Second, 5*time.Minute),
		"camera_silence":    spanKey(&l.CameraSilence, time.Second, time.Hour),
	}
}

// numberKey is a key that takes a whole number from low to high.
func numberKey(n *int, low, high int) field {
	return field{value: func(v value) (err error) {
		*n, err = count(v.text, low, high)
		return err
	}}
}

// bytesKey is a key that takes a size from low to high bytes.
func bytesKey(n *int, low, high int64) field {
	return field{value: func(v value) (err error) {
		*n, err = sizeWithin(v.text, low, high)
		return err
	}}
}

// spanKey is a key that takes a duration from low to high.
func spanKey(d *time.Duration, low, high time.Duration) field {
	return field{value: func(v value) (err error) {
		*d, err = durationWithin(v.text, low, high)
		return err
	}}
}
