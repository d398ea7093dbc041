package metrics

import "github.com/prometheus/client_golang/prometheus"

// metric is one name, with its type and labels.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func (m metric) send(to chan<- prometheus.Metric, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(m.desc, m.kind, value, labels...)
}

func gauge(name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc("framegate_"+name, help, labels, nil), prometheus.GaugeValue}
}

func counter(name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc("framegate_"+name+"_total", help, labels, nil), prometheus.CounterValue}
}

// histogram has values that are told apart by bounds, and not by send.
func histogram(name, help string, labels ...string) metric {
	return metric{desc: prometheus.NewDesc("framegate_"+name, help, labels, nil)}
}

// What there is to tell. Counters begin with the process, and those of a
// rendition with the rendition, which ends with its last viewer.
var (
	info = gauge("build_info", "Always 1, with the version of Framegate and of Go.", "version", "goversion")

	cameras       = gauge("cameras", "Cameras that are configured or were added.")
	viewers       = gauge("viewers", "Clients that watch a camera now, in whatever rendition.", "camera")
	streamState   = gauge("stream_state", "1 for the state that the stream is in: idle, connecting, online or offline.", "camera", "rendition", "state")
	streamReaders = gauge("stream_readers", "Readers of the stream now: viewers, encoders and what keeps it connected.", "camera", "rendition")
	streamFPS     = gauge("stream_frames_per_second", "Present rate of the stream; 0 while it is not online.", "camera", "rendition")
	streamNewest  = gauge("stream_last_frame_timestamp_seconds", "When the newest frame arrived, in seconds since 1970.", "camera", "rendition")
	streamRuns    = counter("stream_runs", "Times that the source was started or a publisher attached.", "camera", "rendition")
	streamFails   = counter("stream_failures", "Runs of the source that ended by themselves.", "camera", "rendition")
	restarts      = counter("camera_restarts", "Runs of a camera's own source that ended by themselves, by why: denied, unreachable, silent, ended, limit, panic or other.", "camera", "reason")
	streamFrames  = counter("stream_frames", "Frames taken from the source.", "camera", "rendition")
	streamBytes   = counter("stream_bytes", "Bytes of those frames.", "camera", "rendition")
	soundInfo     = gauge("stream_sound_info", "1 for the codec, the samples a second and the channels of the sound that the stream has now.", "camera", "rendition", "codec", "rate", "channels")
	soundFrames   = counter("stream_sound_frames", "Frames of sound taken from the source.", "camera", "rendition")
	soundBytes    = counter("stream_sound_bytes", "Bytes of those frames.", "camera", "rendition")
	streamRefused = counter("stream_frames_refused", "Frames not taken: before the first keyframe of a run, or after its end.", "camera", "rendition")
	streamDropped = counter("stream_frames_dropped", "Frames that slow readers skipped, of all readers.", "camera", "rendition")
	streamsHidden = gauge("streams_left_out", "Renditions that are not told of here since there are too many.")

	encoderSlots     = gauge("encoder_slots", "Encoders that may run at a time.")
	encodersRunning  = gauge("encoders_running", "Encoders that run now.")
	encodersWaiting  = gauge("encoders_waiting", "Streams that wait for an encoder now.")
	encodersOfSound  = gauge("encoders_of_sound_running", "Encoders of sound that run now, beside those of pictures.")
	encoderStarts    = counter("encoder_starts", "Encoders started.")
	encoderDropped   = counter("encoder_frames_dropped", "Frames left out because an encoder was too slow.")
	encoderStepDowns = counter("encoder_step_downs", "Times that the rate of an encoder was lowered because it was too slow.")

	encoderCPU = counter("encoder_cpu_seconds", "Processor time of all ffmpegs that encode pictures.")

	renditionCPU     = counter("rendition_cpu_seconds", "Processor time of the ffmpegs of a rendition since it began.", "camera", "rendition")
	renditionDropped = counter("rendition_frames_dropped", "Frames left out of a rendition because its encoder was too slow, since it began.", "camera", "rendition")
	renditionLag     = gauge("rendition_lag_seconds", "From the coming of the newest picture made to its being made.", "camera", "rendition")
	renditionInside  = gauge("rendition_frames_inside", "Pictures that are inside ffmpeg.", "camera", "rendition")

	formViewers = gauge("form_viewers", "Clients that watch now, by the form in which they get pictures.", "form")
	formFrames  = counter("form_frames", "Frames given to the viewers of a form.", "form")
	formDropped = counter("form_frames_dropped", "Frames that viewers of a form skipped because they were slow.", "form")
	formDelay   = histogram("form_delay_seconds", "From the coming of a frame to its being handed to the system for a viewer, of frames that came while it watched.", "form")

	publishers       = gauge("publishers", "Publishers connected now.")
	publisherFrames  = counter("publisher_frames", "Frames taken from publishers.")
	publisherDropped = counter("publisher_frames_dropped", "Frames dropped because a publisher sent too many, or too much.")
	publisherRefused = counter("publisher_frames_refused", "Pictures of publishers that were none, or could not be accepted.")

	recordingState  = gauge("recording_state", "1 for the state that the recording is in: off, waiting, recording, slow, full, read_only or missing.", "camera", "state")
	recordingNewest = gauge("recording_last_frame_timestamp_seconds", "When the newest picture on the disk was taken, in seconds since 1970; none where only pictures are kept.", "camera")
	recordedFrames  = counter("recording_frames", "Frames recorded.", "camera")
	recordedBytes   = counter("recording_bytes", "Bytes of those frames.", "camera")
	recordingLost   = counter("recording_frames_lost", "Frames that the disk was too slow for, or not there, or that changed their format too soon.", "camera")
	recordingGaps   = counter("recording_gaps", "Stretches that were not recorded although they should have been.", "camera")
	recordingDamped = counter("recording_formats_damped", "Other parameter sets of a camera that show the same pictures, and so began no other file.", "camera")
	recordingOthers = counter("recording_formats_changed", "Other parameter sets that show other pictures, each of which began a file.", "camera")
	recordingOldest = gauge("recording_oldest_timestamp_seconds", "When the oldest picture that is kept was taken, in seconds since 1970.", "camera")
	recordingKept   = gauge("recording_kept_bytes", "Bytes of what is kept of a camera.", "camera")
	recordingClock  = gauge("recording_clock_rate", "Seconds that a camera counts in one; 1 where that is not known.", "camera")
	recordingTight  = gauge("recording_crowded", "1 where marks protect more than half of what may be kept of a camera.", "camera")
	recordingsMade  = counter("recording_segments", "Files finished.", "camera")
	recordingsGone  = counter("recording_segments_deleted", "Files deleted.", "camera")
	recordingsBytes = gauge("recordings_bytes", "Bytes of all recordings.")
	recordingsKept  = gauge("recordings_protected_bytes", "Bytes of recordings that marks protect.")
	recordingsRead  = gauge("recordings_read_files", "Files of recordings that are being read, which are not deleted before that ends.")
	recordingsFree  = gauge("recordings_free_bytes", "Bytes free where recordings are kept; 0 while that is not there.")
	recordingsDisk  = gauge("recordings_disk_bytes", "Size of the disk where recordings are kept; 0 while that is not there.")
	recordingsSync  = gauge("recordings_sync_seconds", "Time from one bringing of recordings to the disk to the next.")

	thumbnailsMade   = counter("thumbnails", "Thumbnails of recordings made.")
	thumbnailsLeft   = counter("thumbnails_recordings_left_out", "Recordings of which no thumbnails were made ahead, since there was too much to do.")
	thumbnailsFailed = counter("thumbnails_recordings_failed", "Recordings of which no thumbnails could be made.")
	thumbnailsQueued = gauge("thumbnails_recordings_queued", "Recordings that wait for their thumbnails.")

	exportsNow   = gauge("exports", "Exports there are, by how far they are: waiting, running, done, failed or canceled.", "state")
	exportsBytes = gauge("exports_bytes", "Bytes of the files of exports.")
	exportsEnded = counter("exports_ended", "Exports that ended, by how: done, failed or canceled.", "state")

	told = counter("notify_messages", "Messages to those who are told of events, by what became of them: delivered; failed, which is given up, or of mqtt a connection that failed; or dropped, where too many waited.", "kind", "result")

	clusterNodes   = gauge("cluster_nodes", "Nodes of the cluster that are known, by whether they live.", "state")
	clusterOwned   = gauge("cluster_cameras_owned", "Cameras that this node connects to.")
	clusterEpoch   = gauge("cluster_epoch", "The highest epoch with which a node owns a camera.")
	clusterStands  = gauge("cluster_standbys", "Cameras of other nodes that this node keeps connected to take them over.")
	clusterReady   = gauge("cluster_standbys_ready", "Of those, the ones that give pictures.")
	clusterTaken   = counter("cluster_standbys_taken", "Times that a camera went on here from the connection that was kept.")
	clusterMoves   = counter("cluster_moves", "Times that a camera went to another node, or to none or one again.")
	clusterRelays  = gauge("cluster_relays", "Streams of cameras of other nodes that come to this one.")
	clusterShown   = gauge("cluster_relays_shown", "Streams of cameras of this node that go to others.")
	clusterSent    = counter("cluster_relays_sent_on", "Nodes that asked for a stream and were sent to another that has it.")
	clusterPulls   = counter("cluster_relay_connections", "Connections to other nodes for a stream.")
	clusterFrames  = counter("cluster_relayed_frames", "Frames that came from other nodes.")
	clusterBytes   = counter("cluster_relayed_bytes", "Bytes that came from other nodes.")
	clusterAsked   = counter("cluster_recordings_questions", "Times that other nodes were asked for recordings.")
	clusterAway    = counter("cluster_recordings_unanswered", "Times that another node that was asked for recordings did not answer, or answered what cannot be.")
	clusterGiven   = counter("cluster_recordings_bytes", "Bytes of recordings that were given to other nodes.")
	clusterLate    = counter("cluster_messages_late", "Messages of other nodes that came faster than they are read, of all or of one of them.")
	clusterRefused = counter("cluster_refused", "Messages of other nodes that were not taken, by reason.", "reason")

	clusterWaits      = gauge("cluster_route_pending_bytes", "Bytes that wait for another node, of all that nodes tell each other.", "node")
	clusterWays       = counter("cluster_connections", "Connections to other nodes that were made, by way: direct; called_back, which they dialled; or by_the_bus.", "way")
	clusterFailovers  = histogram("cluster_failover_seconds", "For how long cameras were without a node that lives, from when theirs was heard of last to when another had them.")
	clusterClock      = gauge("cluster_clock_ahead_seconds", "By how much the clock of another node is ahead of this one's.", "node")
	clusterClockDoubt = gauge("cluster_clock_doubt_seconds", "By how much that can be wrong.", "node")
	clusterMadeHere   = gauge("cluster_renditions_made_here", "Renditions of cameras of other nodes that this one makes itself.")

	clusterNATS = gauge("cluster_nats_connected", "1 while this node is connected to the NATS by which nodes speak, and else 0; not there where they have a bus of their own.")

	clusterVersion  = gauge("cluster_common_version", "Which state of what all nodes have in common this node has.")
	clusterApart    = gauge("cluster_common_apart", "1 while what all nodes have in common cannot be changed here, since the nodes that keep it are not reached or too few.")
	clusterWrites   = counter("cluster_common_writes", "Changes that this node made to what all nodes have in common.")
	clusterLost     = counter("cluster_common_lost", "Changes that were made here while this node was apart, and otherwise at another.")
	clusterNotTaken = counter("cluster_common_refused", "States of what all nodes have in common that were not taken, by reason.", "reason")

	passwordsHashed = counter("passwords_hashed", "Passwords hashed, right or wrong.")
	loginsFailed    = counter("logins_failed", "Logins with a wrong password or link.")
	requestsWatched = gauge("requests_watched", "Requests under way that end when the permission for them does.")

	trouble      = gauge("trouble", "1 while something around the server is wrong: ffmpeg, the database, the disk of the data folder, the clock or who is to be told of events.", "trouble")
	panicsCaught = counter("panics", "Panics that were caught, each of which ended one camera, viewer or request.")

	limitHits = counter("limit_hits", "Times that a limit was hit.", "limit")
)

// all is every metric of this package.
var all = []metric{
	info,
	cameras, viewers, streamState, streamReaders, streamFPS, streamNewest, streamRuns, streamFails, restarts, streamFrames,
	streamBytes, soundInfo, soundFrames, soundBytes, streamRefused, streamDropped, streamsHidden,
	encoderSlots, encodersRunning, encodersWaiting, encodersOfSound, encoderStarts, encoderDropped, encoderStepDowns, encoderCPU,
	renditionCPU, renditionDropped, renditionLag, renditionInside,
	formViewers, formFrames, formDropped, formDelay,
	publishers, publisherFrames, publisherDropped, publisherRefused,
	recordingState, recordingNewest, recordingOldest, recordingKept, recordingClock, recordingTight, recordedFrames, recordedBytes, recordingLost, recordingGaps, recordingDamped, recordingOthers, recordingsMade, recordingsGone,
	recordingsBytes, recordingsKept, recordingsRead, recordingsFree, recordingsDisk, recordingsSync,
	thumbnailsMade, thumbnailsLeft, thumbnailsFailed, thumbnailsQueued,
	exportsNow, exportsBytes, exportsEnded,
	clusterNodes, clusterOwned, clusterStands, clusterReady, clusterTaken, clusterEpoch, clusterMoves, clusterRelays, clusterShown, clusterSent, clusterPulls, clusterFrames, clusterBytes, clusterAsked, clusterAway, clusterGiven, clusterLate, clusterRefused, clusterNATS, clusterVersion, clusterApart, clusterWrites, clusterLost, clusterNotTaken,
	clusterMadeHere, clusterWaits, clusterWays, clusterFailovers, clusterClock, clusterClockDoubt,
	told, passwordsHashed, loginsFailed, requestsWatched,
	trouble, panicsCaught, limitHits,
}
