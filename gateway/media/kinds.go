package media

import "bytes"

// kinds are what else than a JPEG may come, by how it begins.
var kinds = []struct {
	at    int // offset of what tells it
	begin string
	name  string
}{
	{0, "\x89PNG", "a PNG"},
	{0, "GIF8", "a GIF"},
	{8, "WEBP", "a WebP picture"},
	{8, "AVI ", "an AVI file"},
	{4, "ftypavif", "an AVIF picture"},
	{4, "ftyphei", "a HEIF picture"},
	{4, "ftypmif1", "a HEIF picture"},
	{4, "ftyp", "an MP4"},
	{4, "styp", "an MP4"},
	{4, "moof", "an MP4"},
	{0, "BM", "a BMP"},
	{0, "II*\x00", "a TIFF"},
	{0, "MM\x00*", "a TIFF"},
	{0, "\xFF\x4F\xFF\x51", "a JPEG 2000 picture"},
	{4, "jP  ", "a JPEG 2000 picture"},
	{0, "\xFF\x0A", "a JPEG XL picture"},
	{4, "JXL ", "a JPEG XL picture"},
	{0, "\x00\x00\x00\x01\x40\x01", "H.265"},
	{0, "\x00\x00\x00\x01\x42\x01", "H.265"},
	{0, "\x00\x00\x00\x01\x46\x01", "H.265"},
	{0, "\x00\x00\x00\x01\x67", "H.264"},
	{0, "\x00\x00\x00\x01\x27", "H.264"},
	{0, "\x00\x00\x00\x01\x09", "H.264"},
	{0, "\x47\x40", "an MPEG transport stream"},
	{0, "\x00\x00\x01\xBA", "an MPEG program stream"},
	{0, "\x1A\x45\xDF\xA3", "Matroska or WebM"},
	{0, "FLV\x01", "FLV"},
	{0, "OggS", "Ogg"},
	{0, "ID3", "MP3"},
	{0, "RTSP/", "RTSP"},
	{0, "#EXTM3U", "an HLS playlist"},
	{0, "%PDF", "a PDF"},
	{0, "\x1F\x8B", "compressed data (gzip)"},
	{0, "PK\x03\x04", "a ZIP file"},
	{0, "<?xml", "XML"},
	{0, "<svg", "an SVG"},
	{0, "<!DOCTYPE", "an HTML page"},
	{0, "<!doctype", "an HTML page"},
	{0, "<html", "an HTML page"},
	{0, "<HTML", "an HTML page"},
}

// KindBytes is how much of the beginning KindOf looks at.
const KindBytes = 12

// KindOf names what begins with b, where that is something known that is no
// JPEG: "a PNG". It gives "" otherwise. More than KindBytes are not looked at.
func KindOf(b []byte) string {
	b = b[:min(len(b), KindBytes)]
	for _, k := range kinds {
		if len(b) > k.at && bytes.HasPrefix(b[k.at:], []byte(k.begin)) {
			return k.name
		}
	}
	return ""
}
