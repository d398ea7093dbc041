// The device's camera, as a source of JPEGs.

// Camera shows the device's camera in a video element and takes pictures of it.
export class Camera {
  constructor(video) {
    this.video = video;
    this.canvas = document.createElement('canvas');
    this.stream = null;
    this.onended = () => {};
  }

  // open asks for a camera: a facing mode, or "device:" and an id. All of it
  // is a wish; the device gives what it has.
  async open({ camera, width, height, fps }) {
    const video = { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: Math.max(fps, 5) } };
    if (camera.startsWith('device:')) video.deviceId = { ideal: camera.slice('device:'.length) };
    else video.facingMode = { ideal: camera };
    this.close(); // phones have one camera open at a time
    const stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    this.stream = stream;
    for (const track of stream.getTracks()) track.onended = () => this.onended();
    this.longest = Math.max(width, height);
    this.video.srcObject = stream;
    await this.video.play();
  }

  get ready() {
    return this.stream !== null && this.video.videoWidth > 0;
  }

  // take gives the present picture as a JPEG, no larger than was asked for.
  take(quality) {
    const { videoWidth: w, videoHeight: h } = this.video;
    const scale = Math.min(1, this.longest / Math.max(w, h));
    this.resize(Math.round(w * scale), Math.round(h * scale));
    this.canvas.getContext('2d', { alpha: false }).drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    return new Promise((resolve) => this.canvas.toBlob(resolve, 'image/jpeg', quality));
  }

  resize(width, height) {
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
  }

  close() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }
}

// whyNoCamera says in words what a failed open means.
export function whyNoCamera(error) {
  switch (error.name) {
    case 'NotAllowedError':
      return 'The camera is not allowed for this page. Allow it beside the address bar, and for the browser in the system’s settings.';
    case 'NotFoundError':
      return 'This device has no camera that the browser can see.';
    case 'NotReadableError':
    case 'AbortError':
      return 'The camera cannot be opened. Another program may be using it.';
  }
  return `The camera cannot be opened: ${error.message}`;
}
