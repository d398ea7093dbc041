// The device's camera, as a source of JPEGs.

/** What is wanted of a camera; the device gives what it has. */
export interface Wish {
  /** A facing mode, or "device:" and an id. */
  camera: string;
  width: number;
  height: number;
  fps: number;
  /** Left is where right was. */
  mirror: boolean;
}

const DEVICE = 'device:';
const LEAST_FPS = 5; // below which cameras have nothing

// What some tracks have besides, of which TypeScript's library says nothing.
// https://w3c.github.io/mediacapture-image/#torch
type Torch = { torch?: boolean };

/** Shows the device's camera in a video element and takes pictures of it. */
export class Camera {
  /** Is called when the camera is taken away. */
  onended: () => void = () => {};
  private readonly canvas = document.createElement('canvas');
  private stream: MediaStream | null = null;
  private painted: MediaStreamTrack | null = null; // of the canvas
  longest = 0;
  /** Whether pictures are mirrored; it may change at any time. */
  mirror = false;

  constructor(private readonly video: HTMLVideoElement) {}

  /** Asks for a camera. It fails with a DOMException where there is none. */
  async open({ camera, width, height, fps, mirror }: Wish): Promise<void> {
    const video: MediaTrackConstraints = { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: Math.max(fps, LEAST_FPS) } };
    if (camera.startsWith(DEVICE)) video.deviceId = { ideal: camera.slice(DEVICE.length) };
    else video.facingMode = { ideal: camera };
    this.close(); // phones have one camera open at a time
    const stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    this.stream = stream;
    for (const track of stream.getTracks()) track.onended = () => this.onended();
    this.longest = Math.max(width, height);
    this.mirror = mirror;
    this.video.srcObject = stream;
    await this.video.play();
  }

  get ready(): boolean {
    return this.stream !== null && this.video.videoWidth > 0;
  }

  /** Whether it has a light that can be turned on. */
  get hasTorch(): boolean {
    const capabilities = this.track?.getCapabilities?.() as Torch | undefined;
    return capabilities?.torch === true;
  }

  /** Turns the light on or off. */
  async turnTorch(on: boolean): Promise<void> {
    await this.track?.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] });
  }

  private get track(): MediaStreamTrack | undefined {
    return this.stream?.getVideoTracks()[0];
  }

  /** What is sent of it by itself: the camera's own track, or one of what paint paints; null: it is not open. */
  get outgoing(): MediaStreamTrack | null {
    if (!this.mirror || !this.stream) return this.track ?? null;
    this.paint();
    return (this.painted ??= this.canvas.captureStream().getVideoTracks()[0] ?? null);
  }

  /** Paints the present picture for outgoing, where that is mirrored. */
  paint(): void {
    if (this.mirror && this.ready) this.draw();
  }

  /** Gives the present picture as a JPEG, no larger than was asked for; null where it cannot. */
  take(quality: number): Promise<Blob | null> {
    this.draw();
    return new Promise((resolve) => this.canvas.toBlob(resolve, 'image/jpeg', quality));
  }

  private draw(): void {
    const { videoWidth: w, videoHeight: h } = this.video;
    const scale = Math.min(1, this.longest / Math.max(w, h));
    this.resize(Math.round(w * scale), Math.round(h * scale));
    const context = this.canvas.getContext('2d', { alpha: false });
    if (this.mirror) context?.setTransform(-1, 0, 0, 1, this.canvas.width, 0);
    else context?.setTransform(1, 0, 0, 1, 0, 0);
    context?.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
  }

  private resize(width: number, height: number): void {
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
  }

  close(): void {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = this.painted = null;
    this.video.srcObject = null;
  }
}

/** A camera of the device, as people choose it. */
export interface Device {
  /** As Wish has it. */
  value: string;
  label: string;
}

/** Lists the cameras by name, which browsers tell only once one of them may be used. */
export async function listCameras(): Promise<Device[]> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind, label }) => kind === 'videoinput' && label).map(({ deviceId, label }) => ({ value: DEVICE + deviceId, label }));
}
