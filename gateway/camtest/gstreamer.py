# Has GStreamer show films. Argument: what is to be done, as JSON. It prints what it
# saw of each, as JSON too, with times in nanoseconds.
import hashlib, json, sys
import gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst

Gst.init(None)
patience = 60 * Gst.SECOND
queue = "queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 name="
pipeline = (
    "filesrc name=file ! qtdemux name=film "
    "film.video_0 ! " + queue + "seen ! %sparse ! avdec_%s ! appsink name=pictures sync=false "
    "film.audio_0 ! " + queue + "heard ! aacparse ! avdec_aac ! appsink name=sound sync=false async=false")


def show(path, places):
    with open(path, "rb") as film:
        codec = "h265" if b"hvc1" in film.read() else "h264"
    player = Gst.parse_launch(pipeline % (codec, codec))
    player.get_by_name("file").set_property("location", path)

    def settle():
        if player.get_state(patience)[0] != Gst.StateChangeReturn.SUCCESS:
            error = player.bus.pop_filtered(Gst.MessageType.ERROR)
            sys.exit(f"{path}: {error.parse_error() if error else 'it takes too long'}")

    def all_of(name):
        sink = player.get_by_name(name)
        while sample := sink.emit("try-pull-sample", patience):
            yield sample
        if not sink.get_property("eos"):
            sys.exit(f"{path}: {name} do not end")

    def pictures():
        all = []
        for sample in all_of("pictures"):
            b = sample.get_buffer()
            at = sample.get_segment().to_stream_time(Gst.Format.TIME, b.pts)
            all.append({"At": at, "Sum": hashlib.md5(b.extract_dup(0, b.get_size())).hexdigest()})
        return all

    player.set_state(Gst.State.PLAYING)
    settle()
    seen = {"Pictures": pictures(), "Sought": [], "Sound": 0}
    seen["Length"] = player.query_duration(Gst.Format.TIME)[1] # of fragments it knows it once it has read them
    if player.get_by_name("heard").get_static_pad("sink").is_linked():
        seen["Sound"] = len(list(all_of("sound")))
    for place in places:
        if not player.get_by_name("pictures").seek_simple(Gst.Format.TIME, Gst.SeekFlags.FLUSH | Gst.SeekFlags.ACCURATE, place):
            sys.exit(f"{path}: it does not seek to {place}")
        settle()
        seen["Sought"].append(pictures())
    player.set_state(Gst.State.NULL)
    return seen


wanted = json.loads(sys.argv[1])
print(json.dumps([show(path, wanted["Places"]) for path in wanted["Films"]]))
