import './base.css';
import './panel.css';
import './pages.css';
import './runs.css';
import './rundialog.css';
import './notebook.css';
import './compare.css';
import './environments.css';
