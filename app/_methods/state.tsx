/** What is said in place of a button. */
export const State = ({ text }: { text: string }) => <span className="hint">{text}</span>;
