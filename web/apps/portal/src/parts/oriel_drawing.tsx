/** The drawing beside the sign-in: an oriel window whose middle pane shows a session. */
export function OrielDrawing() {
  return (
    <svg viewBox="0 0 600 640" aria-hidden="true">
      <path className="g" d="M164.0 70.0L13.7 142.5L13.7 457.5L164.0 530.0Z"/>
      <path d="M164.0 190.0L13.7 224.7"/>
      <path d="M164.0 410.0L13.7 375.3"/>
      <path d="M74.8 113.0L74.8 210.6"/>
      <path d="M74.8 389.4L74.8 487.0"/>
      <path d="M164.0 56.0L13.7 132.9"/>
      <path d="M164.0 544.0L13.7 467.1"/>
      <path d="M13.7 132.9L13.7 467.1"/>
      <path className="g3" d="M135.1 241.8L28.8 255.6L28.8 344.4L135.1 358.2Z"/>
      <path className="f" d="M135.1 258.7L28.8 268.5"/>
      <path className="f" d="M93.0 284.7L40.4 286.7"/>
      <path className="f" d="M113.0 303.6L40.4 303.0"/>
      <path className="f" d="M74.8 321.1L40.4 319.3"/>
      <path className="g" d="M436.0 70.0L586.3 142.5L586.3 457.5L436.0 530.0Z"/>
      <path d="M436.0 190.0L586.3 224.7"/>
      <path d="M436.0 410.0L586.3 375.3"/>
      <path d="M525.2 113.0L525.2 210.6"/>
      <path d="M525.2 389.4L525.2 487.0"/>
      <path d="M436.0 56.0L586.3 132.9"/>
      <path d="M436.0 544.0L586.3 467.1"/>
      <path d="M586.3 132.9L586.3 467.1"/>
      <path className="g3" d="M464.9 241.8L571.2 255.6L571.2 344.4L464.9 358.2Z"/>
      <path className="f" d="M464.9 258.7L571.2 268.5"/>
      <path className="f" d="M483.4 283.8L541.9 286.0"/>
      <path className="f" d="M483.4 303.6L557.1 303.0"/>
      <path className="f" d="M483.4 323.4L525.2 321.1"/>
      <path className="g" d="M182.0 70.0L418.0 70.0L418.0 530.0L182.0 530.0Z"/>
      <path d="M182.0 190.0L418.0 190.0"/>
      <path d="M182.0 410.0L418.0 410.0"/>
      <path d="M300.0 70.0L300.0 190.0"/>
      <path d="M300.0 410.0L300.0 530.0"/>
      <path d="M164.0 56.0L436.0 56.0"/>
      <path d="M164.0 544.0L436.0 544.0"/>
      <rect className="g2" x="212" y="222" width="176" height="156" rx="5"/>
      <path className="ln" d="M212 244h176"/>
      <path className="a" d="M230 270h62M230 294h116M230 318h86M230 342h40"/>
      <path className="g3" d="M13.7 467.1L164.0 544.0L222.0 604.0L188.0 584.0Z"/>
      <path className="g3" d="M164.0 544.0L436.0 544.0L378.0 604.0L222.0 604.0Z"/>
      <path className="g3" d="M436.0 544.0L586.3 467.1L412.0 584.0L378.0 604.0Z"/>
    </svg>
  );
}
