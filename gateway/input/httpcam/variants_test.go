package httpcam

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"

	"framegate/gateway/camtest"
)

// variant is one way in which a camera gets its stream wrong, or right. Before
// and after stand around each picture; "{len}" and the other words in braces
// are replaced as render does it.
type variant struct {
	name    string
	head    string             // status line and headers
	first   string             // before the first picture, if that differs
	before  string             // before each picture
	after   string             // behind it; sent only once the picture was emitted
	picture func(n int) []byte // camtest's, if nil
}

const variantFrames = 6

// mixed is a usual answer with the given parameters of its Content-Type.
func mixed(parameters string) string {
	return typed("multipart/x-mixed-replace" + parameters)
}

func typed(contentType string) string {
	return "HTTP/1.1 200 OK\r\nServer: camera\r\nContent-Type: " + contentType + "\r\nConnection: close\r\n\r\n"
}

const (
	jpegPart = "Content-Type: image/jpeg\r\nContent-Length: {len}\r\n\r\n"
	noLength = "Content-Type: image/jpeg\r\n\r\n"
	usual    = "--frame\r\n" + jpegPart
)

var variants = []variant{
	// Well-behaved cameras.
	{name: "plain multipart with lengths (mjpg-streamer)", head: mixed(";boundary=frame"), before: usual, after: "\r\n"},
	{name: "no lengths", head: mixed(";boundary=frame"), before: "--frame\r\n" + noLength, after: "\r\n"},
	{name: "X-Timestamp among the part headers (mjpg-streamer)", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len}\r\nX-Timestamp: 1.000001\r\n\r\n", after: "\r\n"},
	{name: "next part's headers sent with the frame (ustreamer advance_headers)", head: mixed(";boundary=frame"), first: "--frame\r\n" + noLength, before: "", after: "\r\n--frame\r\n" + noLength},
	{name: "preamble before the first boundary (RFC 2046)", head: mixed(";boundary=frame"), first: "This is a stream.\r\n\r\n" + usual, before: usual, after: "\r\n"},

	// What the header says of the boundary, and what the body does.
	{name: "boundary=--x, body --x (Sony SNC-EB640)", head: mixed("; boundary=--myboundary"), before: "--myboundary\r\n" + jpegPart, after: "\r\n"},
	{name: "boundary=--x, body ----x (Panasonic HE40)", head: mixed("; boundary=--myboundary"), before: "----myboundary\r\n" + jpegPart, after: "\r\n"},
	{name: "quoted boundary (AVTech)", head: mixed(`; boundary="frame"`), before: usual, after: "\r\n"},
	{name: "boundary quoted on one side only", head: mixed(`; boundary="frame`), before: usual, after: "\r\n"},
	{name: "boundary =x", head: mixed(`; boundary =frame`), before: usual, after: "\r\n"},
	{name: "boundary missing in the header (Lumenera)", head: mixed(""), before: usual, after: "\r\n"},
	{name: "boundary empty in header and body", head: mixed("; boundary="), before: "--\r\n" + jpegPart, after: "\r\n"},
	{name: "another boundary in the body (Panasonic BL-VT164P)", head: mixed("; boundary=frame"), before: "--picture-follows\r\n" + jpegPart, after: "\r\n"},
	{name: "boundary without dashes (old Motion)", head: mixed("; boundary=BoundaryString"), before: "BoundaryString\r\n" + jpegPart, after: "\r\n"},
	{name: "boundary without dashes, no lengths", head: mixed("; boundary=BoundaryString"), before: "BoundaryString\r\n" + noLength, after: "\r\n"},
	{name: "boundary of one letter", head: mixed("; boundary=x"), before: "--x\r\n" + noLength, after: "\r\n"},
	{name: "dashes come and go", head: mixed("; boundary=--frame"), first: "--frame\r\n" + jpegPart, before: "----frame\r\n" + jpegPart, after: "\r\n"},
	{name: "another boundary before each part", head: mixed("; boundary=frame"), before: "--part-number-{n}\r\n" + jpegPart, after: "\r\n"},

	{name: "boundary that looks like a header", head: mixed("; boundary=content-boundary"), before: "--content-boundary\r\n" + noLength, after: "\r\n"},

	// Where boundaries stand.
	{name: "starts in the middle of a picture", head: mixed("; boundary=frame"), first: "\x80<html>\xff{tail}\r\n" + usual, before: usual, after: "\r\n"},
	{name: "starts in the middle of a picture, endless JPEGs", head: typed("image/jpeg"), first: "\x80<html>\xff{tail}"},
	{name: "first boundary missing (Tasmota)", head: mixed("; boundary=frame"), first: jpegPart, before: usual, after: "\r\n"},
	{name: "first boundary and headers missing", head: mixed("; boundary=frame"), first: "\r\n", before: usual, after: "\r\n"},
	{name: "first boundary doubled (ESP32)", head: mixed("; boundary=frame"), first: "--frame\r\n" + usual, before: usual, after: "\r\n"},
	{name: "every boundary doubled", head: mixed("; boundary=frame"), before: usual, after: "\r\n--frame\r\n"},
	{name: "closing style before every part (Foscam G2)", head: mixed("; boundary=frame"), before: "--frame--\r\n" + jpegPart, after: "\r\n"},
	{name: "closed and opened again after every part", head: mixed("; boundary=frame"), before: usual, after: "\r\n--frame--\r\n"},
	{name: "space behind the boundary (Kasa)", head: mixed("; boundary=frame"), before: "--frame  \r\n" + jpegPart, after: "\r\n"},
	{name: "nothing between JPEG and boundary", head: mixed("; boundary=frame"), before: usual, after: ""},
	{name: "nothing between JPEG and boundary, no lengths", head: mixed("; boundary=frame"), before: "--frame\r\n" + noLength, after: ""},
	{name: "header on the boundary's line", head: mixed("; boundary=frame"), before: "--frameContent-Type: image/jpeg\r\nContent-Length: {len}\r\n\r\n", after: "\r\n"},
	{name: "header on the boundary's line behind a space", head: mixed("; boundary=frame"), before: "--frame Content-Type: image/jpeg\r\n\r\n", after: "\r\n"},
	{name: "blank lines before the boundary", head: mixed("; boundary=frame"), before: "\r\n\r\n\r\n" + usual, after: "\r\n"},
	{name: "blank lines before the headers", head: mixed("; boundary=frame"), before: "--frame\r\n\r\n\r\n" + jpegPart, after: "\r\n"},
	{name: "blank lines before the JPEG", head: mixed("; boundary=frame"), before: usual + "\r\n\r\n", after: "\r\n"},
	{name: "no blank line before the JPEG", head: mixed("; boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\n", after: "\r\n"},

	// Lengths.
	{name: "length too small (Mobotix T25)", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {less}\r\n\r\n", after: "\r\n"},
	{name: "length too large (D-Link DCS-930)", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {more}\r\n\r\n", after: "\r\n"},
	{name: "length one too large: the line end counts", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len+2}\r\n\r\n", after: "\r\n"},
	{name: "length 0", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 0\r\n\r\n", after: "\r\n"},
	{name: "length -1", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: -1\r\n\r\n", after: "\r\n"},
	{name: "length 2000000000", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 2000000000\r\n\r\n", after: "\r\n"},
	{name: "length beyond any integer", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 99999999999999999999999\r\n\r\n", after: "\r\n"},
	{name: "length is a format string (PHP script)", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", after: "\r\n"},
	{name: "two lengths that differ", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Length: 17\r\nContent-Type: image/jpeg\r\nContent-Length: {len}\r\n\r\n", after: "\r\n"},
	{name: "space before the colon", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type : image/jpeg\r\nContent-Length : {len}\r\n\r\n", after: "\r\n"},
	{name: "odd case (Flask script)", head: mixed(";boundary=frame"), before: "--frame\r\ncontent-TYPE: IMAGE/JPEG\r\nCONTENT-length:{len}\r\n\r\n", after: "\r\n"},
	{name: "length in one part of two", head: mixed(";boundary=frame"), first: usual, before: "--frame\r\n" + noLength, after: "\r\n"},

	// Line ends.
	{name: "LF in the part headers (LabVIEW)", head: mixed(";boundary=frame"), before: "--frame\nContent-Type: image/jpeg\nContent-Length: {len}\n\n", after: "\r\n"},
	{name: "LF everywhere (Python script)", head: "HTTP/1.0 200 OK\nContent-Type: multipart/x-mixed-replace; boundary=frame\n\n", before: "--frame\nContent-Type: image/jpeg\n\n", after: "\n"},
	{name: "CR CR LF (PHP script on Windows)", head: mixed(";boundary=frame"), before: "--frame\r\r\nContent-Type: image/jpeg\r\r\nContent-Length: {len}\r\r\n\r\r\n", after: "\r\r\n"},

	// Types.
	{name: "image/jpg", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpg\r\nContent-Length: {len}\r\n\r\n", after: "\r\n"},
	{name: "image/jpeg;size=N (TRENDnet TV-IP302PI)", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg;size={len}\r\n\r\n", after: "\r\n"},
	{name: "no part type", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Length: {len}\r\n\r\n", after: "\r\n"},
	{name: "no part headers", head: mixed(";boundary=frame"), before: "--frame\r\n\r\n", after: "\r\n"},
	{name: "JPEG called text/plain", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: text/plain\r\n\r\n", after: "\r\n"},
	{name: "very long part headers (D-Link)", head: mixed(";boundary=frame"), before: "--frame\r\nX-Settings: {4k}\r\nX-More: {4k}\r\n" + jpegPart, after: "\r\n"},
	{name: "header lines without a name in a part", head: mixed(";boundary=frame"), before: "--frame\r\n: nothing\r\nHTTP/1.1 200 OK\r\n" + jpegPart, after: "\r\n"},
	{name: "multipart/mixed (Airlink101)", head: typed("multipart/mixed; boundary=frame"), before: usual, after: "\r\n"},
	{name: "no Content-Type at all (Motion)", head: "HTTP/1.0 200 OK\r\nServer: Motion\r\n\r\n", before: usual, after: "\r\n"},
	{name: "text/html, but multipart (PHP script)", head: typed("text/html"), before: usual, after: "\r\n"},
	{name: "response headers twice, the second time in the body (CGI)", head: typed("text/plain"), first: "Content-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n" + usual, before: usual, after: "\r\n"},

	// Between the frames.
	{name: "text parts between frames (keepalive)", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: text/plain\r\nContent-Length: 15\r\n\r\nmotion: nothing\r\n" + usual, after: "\r\n"},
	{name: "text parts without length", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: text/plain\r\n\r\nContent-Length: 3\r\n\r\nstill here\r\n" + usual, after: "\r\n"},
	{name: "audio parts full of SOIs (Kasa)", head: mixed(";boundary=data-boundary"), before: "--data-boundary\r\nContent-Type: audio/g711u\r\nContent-Length: {pcmlen}\r\n\r\n{pcm}\r\n--data-boundary\r\n" + jpegPart, after: "\r\n"},
	{name: "audio parts with wrong lengths (mxpeg)", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: audio/pcm\r\nContent-Length: 100000\r\n\r\n{pcm}\r\n" + usual, after: "\r\n"},
	{name: "empty parts", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 0\r\n\r\n\r\n" + usual, after: "\r\n"},
	{name: "empty parts without length", head: mixed(";boundary=frame"), before: "--frame\r\n" + noLength + "\r\n" + usual, after: "\r\n"},

	// Without parts.
	{name: "endless JPEGs as image/jpeg (ffserver)", head: typed("image/jpeg")},
	{name: "endless JPEGs as video/x-motion-jpeg", head: typed("video/x-motion-jpeg"), after: "\r\n"},
	{name: "endless JPEGs as application/octet-stream", head: typed("application/octet-stream"), after: "{zeros}"},
	{name: "endless JPEGs called multipart", head: mixed(";boundary=frame")},
	{name: "endless JPEGs behind a single part header", head: mixed(";boundary=frame"), first: "--frame\r\n" + noLength},

	// The answer's own head.
	{name: "HTTP/1.0", head: "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n", before: usual, after: "\r\n"},
	{name: "ICY 200 OK", head: "ICY 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n", before: usual, after: "\r\n"},
	{name: "no head, but parts (GStreamer tcpserversink)", before: "\r\n--ThisRandomString\r\n" + jpegPart, after: "\r\n"},
	{name: "no head, the first part's JPEG at once (GStreamer tcpserversink)", first: "{}", before: "\r\n--ThisRandomString\r\n" + jpegPart, after: "\r\n"},
	{name: "no reason phrase", head: "HTTP/1.0 200\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n", before: usual, after: "\r\n"},
	{name: "no version (GoAhead)", head: "HTTP 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n", before: usual, after: "\r\n"},
	{name: "header line without a name (GoAhead)", head: "HTTP/1.1 200 OK\r\n: no-cache\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n", before: usual, after: "\r\n"},
	{name: "header line without a colon", head: "HTTP/1.1 200 OK\r\nno-cache\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n", before: usual, after: "\r\n"},
	{name: "Content-Length: -1 in the answer's head", head: "HTTP/1.0 200 OK\r\nContent-Length: -1\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n", before: usual, after: "\r\n"},
	{name: "two lengths in the answer's head", head: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n", before: usual, after: "\r\n"},

	// The pictures.
	{name: "junk before SOI", head: mixed(";boundary=frame"), before: usual + "\x00\x01junk\xff\xd8\x00\xff\xd9", after: "\r\n"},
	{name: "padding after EOI", head: mixed(";boundary=frame"), before: "--frame\r\n" + noLength, after: "{zeros}\r\n"},
	{name: "padding after EOI right up to the boundary, within the length", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {padded}\r\n\r\n", after: "{zeros}"},
	{name: "0xFF as padding after EOI", head: mixed(";boundary=frame"), before: "--frame\r\n" + noLength, after: "\xff\xff\xff\xff\xff\r\n"},
	{name: "smaller preview behind the picture, in its part (MPF)", head: mixed(";boundary=frame"), before: "--frame\r\n" + noLength, after: "{preview}\r\n"},
	{name: "EXIF thumbnail", head: mixed(";boundary=frame"), before: "--frame\r\n" + noLength, after: "\r\n", picture: exifPicture},
	{name: "EXIF thumbnail, endless JPEGs", head: typed("image/jpeg"), picture: exifPicture},
	{name: "fill bytes before markers", head: mixed(";boundary=frame"), before: usual, after: "\r\n", picture: filledPicture},
	{name: "no Huffman tables (UVC)", head: mixed(";boundary=frame"), before: usual, after: "\r\n", picture: bareTablesPicture},
	{name: "truncated frames, with their length", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 400\r\n\r\n{400 bytes}\r\n" + usual, after: "\r\n"},
	{name: "truncated frames, with the length they should have", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len}\r\n\r\n{400 bytes}\r\n" + usual, after: "\r\n"},
	{name: "frames truncated in a segment, no lengths", head: mixed(";boundary=frame"), before: "--frame\r\n" + noLength + "{50 bytes}\r\n--frame\r\n" + noLength, after: "\r\n"},
	{name: "frames truncated in a segment, with their length", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 50\r\n\r\n{50 bytes}\r\n" + usual, after: "\r\n"},
	{name: "frames truncated in a long segment, no lengths", head: mixed(";boundary=frame"), before: "--frame\r\n" + noLength + "{long segment}\r\n--frame\r\n" + noLength, after: "\r\n"},
	{name: "frames truncated in a long segment, nothing before the boundary", head: mixed(";boundary=x"), before: "--x\r\n" + noLength + "{long segment}--x\r\n" + noLength, after: "\r\n"},
	{name: "frames truncated in a long segment, with their length", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 1000\r\n\r\n{long segment}\r\n" + usual, after: "\r\n"},
	{name: "frames truncated in a long segment, length too small", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 900\r\n\r\n{long segment}\r\n" + usual, after: "\r\n"},
	{name: "frames truncated behind a thumbnail, endless JPEGs", head: typed("image/jpeg"), before: "{exif without end}"},
	{name: "damaged frames with a thumbnail, no lengths", head: mixed(";boundary=frame"), before: "--frame\r\n" + noLength + "{exif without end}\r\n--frame\r\n" + noLength, after: "\r\n"},
	// Pictures without EOI. Their lengths tell where they end.
	{name: "no EOI, with lengths", head: mixed(";boundary=frame"), before: usual, after: "\r\n", picture: unendedPicture},
	{name: "no EOI, with lengths, nothing before the boundary", head: mixed(";boundary=frame"), before: usual, after: "", picture: unendedPicture},
	{name: "no EOI, with lengths, boundary of one letter", head: mixed(";boundary=x"), before: "--x\r\n" + jpegPart, after: "\r\n", picture: unendedPicture},
	{name: "no EOI, boundary without dashes", head: mixed(";boundary=BoundaryString"), before: "BoundaryString\r\n" + jpegPart, after: "\r\n", picture: unendedPicture},
	{name: "no EOI, LF alone", head: mixed(";boundary=frame"), before: "--frame\nContent-Type: image/jpeg\nContent-Length: {len}\n\n", after: "\n", picture: unendedPicture},
	{name: "no EOI, no Huffman tables (UVC)", head: mixed(";boundary=frame"), before: usual, after: "\r\n", picture: func(n int) []byte { b := bareTablesPicture(n); return b[:len(b)-2] }},
	{name: "no EOI, and truncated frames between", head: mixed(";boundary=frame"), before: usual, after: "\r\n--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {endless}\r\n\r\n{without its end}\r\n", picture: unendedPicture},
	{name: "no EOI, and truncated frames with the length they should have", head: mixed(";boundary=frame"), before: usual, after: "\r\n--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len}\r\n\r\n{without its end}\r\n", picture: unendedPicture},

	// Boundaries within pictures.
	{name: "boundary in a comment, no lengths", head: mixed(";boundary=frame"), before: "--frame\r\n" + noLength, after: "\r\n", picture: commented("\r\n--frame\r\n")},
	{name: "boundary in a comment, length too small", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 10\r\n\r\n", after: "\r\n", picture: commented("--frame\r\n")},
	{name: "boundary in a comment, length too large", head: mixed(";boundary=frame"), before: "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {more}\r\n\r\n", after: "\r\n", picture: commented("\n--frame\n")},
	{name: "boundary and headers in a comment", head: mixed(";boundary=frame"), before: "--frame\r\n" + noLength, after: "\r\n", picture: commented("\r\n--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 17\r\n\r\n")},
	{name: "boundary without dashes in a comment", head: mixed(";boundary=BoundaryString"), before: "BoundaryString\r\n" + noLength, after: "\r\n", picture: commented("BoundaryString\r\n")},
	{name: "closing boundary in a comment, no EOI", head: mixed(";boundary=frame"), before: usual, after: "\r\n", picture: func(n int) []byte { b := commented("\r\n--frame--\r\n")(n); return b[:len(b)-2] }},
	{name: "pictures of 200 kB", head: mixed(";boundary=frame"), before: usual, after: "\r\n", picture: func(n int) []byte { return camtest.PictureOfSize(n, 64, 32, 200_000) }},
}

// take draws the variant's picture number n.
func (v variant) take(n int) []byte {
	if v.picture != nil {
		return v.picture(n)
	}
	return camtest.Picture(n, 64, 32)
}

// render gives what stands before and behind picture n.
func (v variant) render(n int, picture []byte) (before, after string) {
	before = v.before
	if n == 0 && v.first != "" {
		before = v.first
	}
	stray := camtest.Picture(60000+n, 64, 32)
	exif := exifPicture(60000 + n)
	length := strconv.Itoa
	replacer := strings.NewReplacer(
		"{}", "",
		"{n}", length(n),
		"{len}", length(len(picture)),
		"{len+2}", length(len(picture)+2),
		"{less}", length(len(picture)-100),
		"{more}", length(len(picture)+1000),
		"{padded}", length(len(picture)+zeros),
		"{zeros}", string(make([]byte, zeros)),
		"{4k}", strings.Repeat("long ", 4<<10/5),
		"{pcm}", string(pcm()),
		"{pcmlen}", length(len(pcm())),
		"{preview}", string(camtest.Picture(60000+n, 32, 16)),
		"{tail}", string(stray[300:]),
		"{400 bytes}", string(stray[:400]),
		"{long segment}", string(camtest.PadTo(stray, 40_000)[:1000]),
		"{50 bytes}", string(stray[:50]),
		"{without its end}", string(stray[:len(stray)-20]),
		"{endless}", length(len(stray)-20),
		"{exif without end}", string(exif[:len(exif)-8]),
	)
	return replacer.Replace(before), replacer.Replace(v.after)
}

// body gives all that follows the head, for n frames.
func (v variant) body(frames int) []byte {
	var b bytes.Buffer
	for n := range frames {
		picture := v.take(n)
		before, after := v.render(n, picture)
		b.WriteString(before)
		b.Write(picture)
		b.WriteString(after)
	}
	return b.Bytes()
}

const zeros = 1021 // bytes of padding

// pcm is a sound that happens to hold SOIs, and even a whole picture.
func pcm() []byte {
	sound := bytes.Repeat([]byte{0x00, 0x08, 0xFF, 0xD8, 0xFF, 0xDA, '\r', '\n'}, 100)
	return append(sound, camtest.Picture(50001, 64, 32)...)
}

// insert puts segments behind a picture's SOI.
func insert(picture []byte, segments ...byte) []byte {
	return append(append(bytes.Clone(picture[:2]), segments...), picture[2:]...)
}

// exifPicture is a picture with a thumbnail, a whole JPEG, in its APP1.
func exifPicture(n int) []byte {
	content := append([]byte("Exif\x00\x00"), camtest.Picture(50000, 32, 16)...)
	segment := binary.BigEndian.AppendUint16([]byte{0xFF, 0xE1}, uint16(len(content)+2))
	return insert(camtest.Picture(n, 64, 32), append(segment, content...)...)
}

// filledPicture has fill bytes before its first marker.
func filledPicture(n int) []byte {
	return insert(camtest.Picture(n, 64, 32), 0xFF, 0xFF, 0xFF)
}

// bareTablesPicture leaves out the Huffman tables, which are the standard ones.
func bareTablesPicture(n int) []byte {
	b := camtest.Picture(n, 64, 32)
	i := bytes.Index(b, []byte{0xFF, 0xC4})
	length := int(binary.BigEndian.Uint16(b[i+2:]))
	return append(bytes.Clone(b[:i]), b[i+2+length:]...)
}

// unendedPicture lacks its EOI and nothing else.
func unendedPicture(n int) []byte {
	b := camtest.Picture(n, 64, 32)
	return b[:len(b)-2]
}

// commented draws pictures with a text in a comment.
func commented(text string) func(n int) []byte {
	segment := binary.BigEndian.AppendUint16([]byte{0xFF, 0xFE}, uint16(len(text)+2))
	return func(n int) []byte { return insert(camtest.Picture(n, 64, 32), append(segment, text...)...) }
}
