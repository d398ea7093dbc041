package transcode

import (
	"fmt"
	"strings"
	"testing"
)

// TestArguments holds every word that ffmpeg is told. Any of them may cost a
// frame of delay: see arguments before changing one.
func TestArguments(t *testing.T) {
	const (
		global = " pipe:1 -nostdin -hide_banner -loglevel error -copyts -filter_threads 1"
		v4l2   = "-f v4l2 -analyzeduration 0 "
		jpeg   = " -an -c:v mjpeg -enc_time_base 1:1000 -f smjpeg -flush_packets 1 -fps_mode passthrough -pix_fmt yuvj420p -q:v 7 -threads 1"
	)
	for _, c := range []struct {
		name string
		spec Spec
		want string
	}{
		{
			"pattern",
			Spec{Pattern: Pattern{Width: 320, Height: 180, FPS: 10}, Out: JPEG},
			"-f lavfi -max_pixels 33177600 -protocol_whitelist pipe -re -threads 1 -i testsrc2=size=320x180:rate=10" + jpeg + global,
		},
		{
			"pattern with a clock",
			Spec{Pattern: Pattern{Width: 1280, Height: 720, FPS: 25, Clock: true}, Out: JPEG},
			"-f lavfi -max_pixels 33177600 -protocol_whitelist pipe -re -threads 1 " +
				`-i testsrc2=size=1280x720:rate=25,drawtext=text=%{localtime\\:%T}:expansion=normal:fontsize=90:` +
				"fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=22:x=(w-text_w)/2:y=(h-text_h)/2" + jpeg + global,
		},
		{
			"H.264 to JPEG",
			Spec{In: H264, Config: []byte(AnyConfig), Out: JPEG, Width: 640, Height: 360, MaxFPS: 10, Hurry: 30},
			"-f flv -analyzeduration 0 -codec_whitelist h264 -flags low_delay -format_whitelist flv -max_pixels 33177600 -probesize 32 " +
				"-protocol_whitelist pipe -threads 1 -i pipe:0" + jpeg +
				` -vf select=eq(n\,0)+gte(n\,30),select=isnan(prev_selected_t)+gte(t-prev_selected_t\,0.0900),scale=640:360` + global,
		},
		{
			"JPEG to H.264",
			Spec{In: JPEG, Out: H264, Width: 640, Height: 360},
			"-f ivf -analyzeduration 0 -codec_whitelist mjpeg -format_whitelist ivf -max_pixels 33177600 -probesize 32 " +
				"-protocol_whitelist pipe -threads 1 -i pipe:0 " +
				"-an -b:v 750000 -bf 0 -bufsize 90000 -c:v libx264 -f flv -flush_packets 1 -flvflags no_duration_filesize+no_metadata " +
				"-fps_mode passthrough -g 50 -maxrate 750000 -pix_fmt yuv420p -preset superfast -profile:v main -sc_threshold 0 " +
				"-threads 1 -tune zerolatency -vf scale=640:360" + global,
		},
		{
			"H.264 to JPEG by zscale",
			Spec{In: H264, Config: []byte(AnyConfig), Out: JPEG, Hurry: 30, useZscale: true},
			"-f flv -analyzeduration 0 -codec_whitelist h264 -flags low_delay -format_whitelist flv -max_pixels 33177600 -probesize 32 " +
				"-protocol_whitelist pipe -threads 1 -i pipe:0" + jpeg +
				` -vf select=eq(n\,0)+gte(n\,30),format=yuv420p|yuvj420p,zscale=range=full` + global,
		},
		{
			"JPEG to H.264 by zscale",
			Spec{In: JPEG, InWidth: 1280, InHeight: 720, Out: H264, Width: 640, Height: 360, useZscale: true},
			"-f ivf -analyzeduration 0 -codec_whitelist mjpeg -format_whitelist ivf -max_pixels 33177600 -probesize 32 " +
				"-protocol_whitelist pipe -threads 1 -i pipe:0 " +
				"-an -b:v 750000 -bf 0 -bufsize 90000 -c:v libx264 -f flv -flush_packets 1 -flvflags no_duration_filesize+no_metadata " +
				"-fps_mode passthrough -g 50 -maxrate 750000 -pix_fmt yuv420p -preset superfast -profile:v main -sc_threshold 0 " +
				"-threads 1 -tune zerolatency -vf scale=640:360,format=yuv420p|yuvj420p,zscale=range=limited" + global,
		},
		{
			"H.264 to H.264",
			Spec{In: H264, Config: []byte(AnyConfig), Out: H264, Width: 640, Height: 360},
			"-f flv -analyzeduration 0 -codec_whitelist h264 -flags low_delay -format_whitelist flv -max_pixels 33177600 -probesize 32 " +
				"-protocol_whitelist pipe -threads 1 -i pipe:0 " +
				"-an -b:v 750000 -bf 0 -bufsize 90000 -c:v libx264 -enc_time_base 1:1000 -f flv -flush_packets 1 -flvflags no_duration_filesize+no_metadata " +
				"-fps_mode passthrough -g 50 -maxrate 750000 -pix_fmt yuv420p -preset superfast -profile:v main -sc_threshold 0 " +
				"-threads 1 -tune zerolatency -vf scale=640:360" + global,
		},
		{
			"H.265 to JPEG",
			Spec{In: H265, Out: JPEG, Width: 640, Height: 360, MaxFPS: 10, Hurry: 30},
			"-f matroska -analyzeduration 0 -codec_whitelist hevc -flags low_delay -format_whitelist matroska -max_pixels 33177600 -probesize 32 " +
				"-protocol_whitelist pipe -threads 1 -i pipe:0" + jpeg +
				` -vf select=eq(n\,0)+gte(n\,30),select=isnan(prev_selected_t)+gte(t-prev_selected_t\,0.0900),scale=640:360` + global,
		},
		{
			"H.265 to H.264",
			Spec{In: H265, Out: H264, Width: 640, Height: 360},
			"-f matroska -analyzeduration 0 -codec_whitelist hevc -flags low_delay -format_whitelist matroska -max_pixels 33177600 -probesize 32 " +
				"-protocol_whitelist pipe -threads 1 -i pipe:0 " +
				"-an -b:v 750000 -bf 0 -bufsize 90000 -c:v libx264 -enc_time_base 1:1000 -f flv -flush_packets 1 -flvflags no_duration_filesize+no_metadata " +
				"-fps_mode passthrough -g 50 -maxrate 750000 -pix_fmt yuv420p -preset superfast -profile:v main -sc_threshold 0 " +
				"-threads 1 -tune zerolatency -vf scale=640:360" + global,
		},
		{
			"device that gives JPEGs",
			Spec{Device: "/dev/video0", DeviceFormat: "mjpeg", DeviceWidth: 1280, DeviceHeight: 720, DeviceFPS: 30, Out: JPEG},
			"-f v4l2 -video_size 1280x720 -analyzeduration 0 -codec_whitelist mjpeg -format_whitelist v4l2 -framerate 30 -input_format mjpeg -max_pixels 33177600 -probesize 32 " +
				"-protocol_whitelist pipe -threads 1 -i /dev/video0 " +
				"-an -c:v copy -f smjpeg -flush_packets 1 -fps_mode passthrough -threads 1" + global,
		},
		{
			"device that gives H.264",
			Spec{Device: "/dev/video2", DeviceFormat: "h264", DeviceWidth: 1920, DeviceHeight: 1080, Out: H264},
			"-f v4l2 -video_size 1920x1080 -analyzeduration 0 -codec_whitelist h264 -fflags noparse -flags low_delay -format_whitelist v4l2 -input_format h264 -max_pixels 33177600 -probesize 32 " +
				"-protocol_whitelist pipe -threads 1 -i /dev/video2 " +
				"-an -c:v copy -copyinkf -f flv -flush_packets 1 -flvflags no_duration_filesize+no_metadata -fps_mode passthrough -threads 1" + global,
		},
		{
			"device that compresses nothing",
			Spec{Device: "/dev/video0", DeviceFPS: 15, Out: JPEG},
			v4l2 + "-codec_whitelist rawvideo,mjpeg,h264 -format_whitelist v4l2 -framerate 15 -max_pixels 33177600 -probesize 32 " +
				"-protocol_whitelist pipe -threads 1 -i /dev/video0" + strings.Replace(jpeg, "1:1000", "1:1000000", 1) + global,
		},
		{
			"device's JPEGs in another size",
			Spec{Device: "/dev/video0", DeviceFormat: "mjpeg", Out: JPEG, Width: 640, Height: 360},
			v4l2 + "-codec_whitelist mjpeg -format_whitelist v4l2 -input_format mjpeg -max_pixels 33177600 -probesize 32 " +
				"-protocol_whitelist pipe -threads 1 -i /dev/video0" + strings.Replace(jpeg, "1:1000", "1:1000000", 1) + " -vf scale=640:360" + global,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			args, err := arguments(c.spec)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(args, " "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestArgumentsOfHardware holds what is different with hardware.
func TestArgumentsOfHardware(t *testing.T) {
	toJPEG := Spec{In: H264, Config: []byte(AnyConfig), Out: JPEG, Width: 640, Height: 360}
	toH264 := Spec{In: JPEG, Out: H264, Width: 640, Height: 360}
	smaller := toJPEG
	smaller.Out = H264
	asIs := toJPEG
	asIs.Width, asIs.Height = 0, 0
	h265ToJPEG, h265ToH264 := toJPEG, smaller
	h265ToJPEG.In, h265ToH264.In = H265, H265
	h265ToH264.Width, h265ToH264.Height, h265ToH264.InWidth, h265ToH264.InHeight = 0, 0, 640, 360
	const (
		h264Head = "-f flv -analyzeduration 0 "
		h264Tail = "-flags low_delay -format_whitelist flv "
		bounded  = "-max_pixels 33177600 -probesize 32 -protocol_whitelist pipe -threads 1 -i pipe:0 "
		jpegIn   = "-f ivf -analyzeduration 0 -codec_whitelist mjpeg -format_whitelist ivf " + bounded
		jpegOut  = "-an -c:v mjpeg -enc_time_base 1:1000 -f smjpeg -flush_packets 1 -fps_mode passthrough -pix_fmt yuvj420p -q:v 7 -threads 1"
		rate     = "-b:v 750000 -bf 0 -bufsize 90000 "
		flv      = "-f flv -flush_packets 1 -flvflags no_duration_filesize+no_metadata -fps_mode passthrough -g 50 "
		global   = " pipe:1 -nostdin -hide_banner -loglevel error -copyts -filter_threads 1"

		vaapiIn     = h264Head + "-codec_whitelist h264 -flags low_delay -format_whitelist flv -hwaccel vaapi -hwaccel_device hw "
		cudaIn      = h264Head + "-codec_whitelist h264 -flags low_delay -format_whitelist flv -hwaccel cuda -hwaccel_device hw "
		qsvIn       = h264Head + "-async_depth 1 -c:v h264_qsv -codec_whitelist h264,h264_qsv " + h264Tail + "-hwaccel qsv -hwaccel_device hw "
		appleIn     = h264Head + "-codec_whitelist h264 " + h264Tail + "-hwaccel videotoolbox " + bounded
		vaapiOut    = "-an -async_depth 1 " + rate + "-c:v h264_vaapi " + flv + "-maxrate 750000 -profile:v main -threads 1 -vf format=nv12|vaapi,hwupload,scale_vaapi=w=640:h=360"
		cudaOut     = "-an " + rate + "-c:v h264_nvenc -delay 0 " + flv + "-maxrate 750000 -preset p3 -profile:v main -rc vbr -threads 1 -tune ull -vf format=nv12|cuda,hwupload,scale_cuda=w=640:h=360 -zerolatency 1"
		qsvOut      = "-an -async_depth 1 " + rate + "-c:v h264_qsv " + flv + "-look_ahead 0 -maxrate 750000 -preset veryfast -profile:v main -threads 1 -vf format=nv12|qsv,hwupload=extra_hw_frames=16,scale_qsv=w=640:h=360"
		appleOut    = "-allow_sw 0 -an " + rate + "-c:v h264_videotoolbox " + flv + "-maxrate 750000 -pix_fmt yuv420p -profile:v main -realtime 1 -threads 1 -vf scale=640:360"
		vaapiGlobal = global + " -init_hw_device vaapi=hw -filter_hw_device hw"
		cudaGlobal  = global + " -init_hw_device cuda=hw -filter_hw_device hw"
		qsvGlobal   = global + " -init_hw_device qsv=hw -filter_hw_device hw"
	)
	timed := func(out string) string { return strings.Replace(out, flv, "-enc_time_base 1:1000 "+flv, 1) } // H.264 to H.264
	byZscale := toJPEG
	byZscale.useZscale = true
	const zscale = ",format=yuv420p|yuvj420p,zscale=range=full"
	h265In := func(in string) string {
		return strings.NewReplacer("-f flv", "-f matroska", "-codec_whitelist h264", "-codec_whitelist hevc", "-format_whitelist flv", "-format_whitelist matroska").Replace(in)
	}
	for _, c := range []struct {
		hardware HWAccel
		spec     Spec
		want     string
	}{
		{HWVAAPI, toJPEG, vaapiIn + "-hwaccel_output_format vaapi " + bounded + jpegOut + " -vf format=nv12|vaapi,hwupload,scale_vaapi=w=640:h=360,hwdownload,format=nv12" + vaapiGlobal},
		{HWVAAPI, byZscale, vaapiIn + "-hwaccel_output_format vaapi " + bounded + jpegOut + " -vf format=nv12|vaapi,hwupload,scale_vaapi=w=640:h=360,hwdownload,format=nv12" + zscale + vaapiGlobal},
		{HWVAAPI, asIs, vaapiIn + bounded + jpegOut + vaapiGlobal},
		{HWVAAPI, toH264, jpegIn + vaapiOut + vaapiGlobal},
		{HWVAAPI, smaller, vaapiIn + "-hwaccel_output_format vaapi " + bounded + timed(vaapiOut) + vaapiGlobal},
		{HWCUDA, toJPEG, cudaIn + "-hwaccel_output_format cuda " + bounded + jpegOut + " -vf format=nv12|cuda,hwupload,scale_cuda=w=640:h=360,hwdownload,format=nv12" + cudaGlobal},
		{HWCUDA, toH264, jpegIn + cudaOut + cudaGlobal},
		{HWCUDA, smaller, cudaIn + "-hwaccel_output_format cuda " + bounded + timed(cudaOut) + cudaGlobal},
		{HWQSV, toJPEG, qsvIn + "-hwaccel_output_format qsv " + bounded + jpegOut + " -vf format=nv12|qsv,hwupload=extra_hw_frames=16,scale_qsv=w=640:h=360,hwdownload,format=nv12" + qsvGlobal},
		{HWQSV, toH264, jpegIn + qsvOut + qsvGlobal},
		{HWQSV, smaller, qsvIn + "-hwaccel_output_format qsv " + bounded + timed(qsvOut) + qsvGlobal},
		{HWVAAPI, h265ToJPEG, h265In(vaapiIn) + "-hwaccel_output_format vaapi " + bounded + jpegOut + " -vf format=nv12|vaapi,hwupload,scale_vaapi=w=640:h=360:format=nv12,hwdownload,format=nv12" + vaapiGlobal},
		{HWVAAPI, h265ToH264, h265In(vaapiIn) + "-hwaccel_output_format vaapi " + bounded + strings.Replace(timed(vaapiOut), "w=640:h=360", "format=nv12", 1) + vaapiGlobal},
		{HWQSV, h265ToH264, h265In(h264Head+"-codec_whitelist h264 "+h264Tail) + bounded + strings.Replace(timed(qsvOut), "w=640:h=360", "format=nv12", 1) + qsvGlobal},
		{HWVideoToolbox, toJPEG, appleIn + jpegOut + " -vf scale=640:360" + global},
		{HWVideoToolbox, toH264, jpegIn + appleOut + global},
		{HWVideoToolbox, smaller, appleIn + timed(appleOut) + global},
	} {
		t.Run(fmt.Sprint(c.hardware, " ", c.spec.In, " to ", c.spec.Out), func(t *testing.T) {
			c.spec.HWAccel = c.hardware
			args, err := arguments(c.spec)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(args, " "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestHardwareHasNoPartInJPEGsAlone compares with what is done without.
func TestHardwareHasNoPartInJPEGsAlone(t *testing.T) {
	for _, spec := range []Spec{
		{In: JPEG, Out: JPEG, Width: 640, Height: 360},
		{Pattern: Pattern{Width: 320, Height: 180, FPS: 10}, Out: JPEG},
		{File: "/clip.mp4", Out: H264, Copy: true},
		{Device: "/dev/video0", DeviceFormat: "h264", Out: H264},
	} {
		want, err := arguments(spec)
		if err != nil {
			t.Fatal(err)
		}
		spec.HWAccel = HWVAAPI
		got, err := arguments(spec)
		if err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
		if rights := spec.confined(); rights.Drivers {
			t.Errorf("%+v is given a graphics card", spec)
		}
	}
}

// TestZscaleIsForWhatChangesRange, with even sides that are known.
func TestZscaleIsForWhatChangesRange(t *testing.T) {
	for name, c := range map[string]struct {
		spec Spec
		want bool
	}{
		"H.264 to JPEG":                   {Spec{In: H264, Out: JPEG, InWidth: 320, InHeight: 180}, true},
		"JPEG to H.264":                   {Spec{In: JPEG, Out: H264, InWidth: 320, InHeight: 180}, true},
		"a pattern":                       {Spec{Pattern: Pattern{Width: 320, Height: 180}, Out: JPEG}, true},
		"scaled to even sides":            {Spec{In: H264, Out: JPEG, InWidth: 321, InHeight: 181, Width: 160, Height: 90}, true},
		"scaled from any":                 {Spec{File: "/clip.mp4", Out: JPEG, Width: 160, Height: 90}, true},
		"decoded by hardware":             {Spec{In: H264, Out: JPEG, InWidth: 320, InHeight: 180, HWAccel: HWVAAPI}, true},
		"encoded by hardware":             {Spec{In: JPEG, Out: H264, InWidth: 320, InHeight: 180, HWAccel: HWVAAPI}, false},
		"odd width":                       {Spec{In: H264, Out: JPEG, InWidth: 321, InHeight: 180}, false},
		"odd height":                      {Spec{In: H264, Out: JPEG, InWidth: 320, InHeight: 181}, false},
		"size that is not known":          {Spec{In: H264, Out: JPEG}, false},
		"a file's":                        {Spec{File: "/clip.mp4", Out: JPEG}, false},
		"a device's":                      {Spec{Device: "/dev/video0", DeviceWidth: 320, DeviceHeight: 180, Out: JPEG}, false},
		"JPEGs alone":                     {Spec{In: JPEG, Out: JPEG, InWidth: 320, InHeight: 180}, false},
		"H.264 alone":                     {Spec{In: H264, Out: H264, InWidth: 320, InHeight: 180}, false},
		"what a device compresses itself": {Spec{Device: "/dev/video0", DeviceFormat: "mjpeg", Out: JPEG}, false},
	} {
		if got := c.spec.suitsZscale(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestBitsFollowTheSize, whether pictures are scaled or keep theirs.
func TestBitsFollowTheSize(t *testing.T) {
	for _, c := range []struct {
		want int
		spec Spec
	}{
		{3_000_000, Spec{In: JPEG, Out: H264, InWidth: 1280, InHeight: 720}},
		{750_000, Spec{In: JPEG, Out: H264, InWidth: 640, InHeight: 360}},
		{6_750_000, Spec{In: H264, Out: H264, InWidth: 1920, InHeight: 1080}},
		{332_812, Spec{In: JPEG, Out: H264, InWidth: 1280, InHeight: 720, Width: 426, Height: 240}},
		{200_000, Spec{In: JPEG, Out: H264, InWidth: 64, InHeight: 32}},
		{3_000_000, Spec{File: "/clip.mp4", Out: H264}}, // whose size is not known
	} {
		if got := output(c.spec)["b:v"]; got != c.want {
			t.Errorf("%+v: %v bits a second, want %d", c.spec, got, c.want)
		}
	}
}

func TestQualityCoversTheWholeScale(t *testing.T) {
	for quality, want := range map[int]int{100: 2, 80: 7, 0: 7, 50: 16, 1: 31} {
		if got := quantiser(quality); got != want {
			t.Errorf("quality %d is quantiser %d, want %d", quality, got, want)
		}
	}
}
